//! No bytes make the reader of agreements panic.

use modregn::domain::CprPolicy;
use modregn::message::aftaler_csv::Reader;
use modregn_fuzz::{Spoiling, spoil, test_time};

const GOOD: &str = "aftale_id,kommunekode,cpr,beloeb,ydelsestype,gyldig_fra,gyldig_til,prioritet,\
fordring_id,status\r\nA-1,0101,0101901234,160300,01,2026-01-01,,1,,aktiv\r\n\
\"Ærø, 2\",0851,0101901234,5,09,20260101,20261231,99,\"F \"\"7\"\"\",ophoert\n";

#[test]
fn any_bytes() {
    bolero::check!().with_type::<Spoiling>().with_test_time(test_time()).for_each(|spoiling| {
        let bytes = spoil(GOOD.as_bytes(), spoiling);
        let Ok(mut reader) = Reader::new(&bytes[..], CprPolicy::default()) else { return };
        while let Ok(Some(line)) = reader.read() {
            if let Err(faults) = line.aftale {
                faults.iter().for_each(|fault| drop(fault.to_string()));
            }
        }
    });
}
