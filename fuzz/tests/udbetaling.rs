//! No bytes make the reader of payout reports panic, however few faults are told; what it reads
//! without a fault reads the same when it is written again.

use modregn::domain::{Indberetning, Objection, Udbetaling};
use modregn::layout::Layouts;
use modregn::message::udbetaling::Format;
use modregn::record::{Options, ReadError};
use modregn_fuzz::{Spoiling, spoil, test_time};
use std::collections::BTreeMap;

/// A report of two hundred records: more than are checked at a time.
fn good() -> Vec<u8> {
    let kept = include_bytes!(
        "../../fixtures/sf2520-kontanthjaelpsudbetaling/three-reports/udbetaling.txt"
    );
    let lines: Vec<_> = kept.split_inclusive(|byte| *byte == b'\n').collect();
    let mut file = lines[0].to_vec();
    let mut sum = 0;
    for number in 1..=200_u32 {
        let mut line = lines[1].to_vec();
        line[6..15].copy_from_slice(format!("{number:09}").as_bytes());
        file.extend(line);
        sum += 160_300;
    }
    let mut end = lines[4].to_vec();
    end[6..30].copy_from_slice(format!("000000200{sum:015}").as_bytes());
    file.extend(end);
    file
}

/// Everything that can be read of a report; `None` = it has faults.
fn read(
    format: &Format,
    bytes: &[u8],
    options: Options,
) -> Option<(Udbetaling, Vec<Indberetning>)> {
    let mut reader = format.read(bytes, options);
    let told = |error: ReadError| drop(error.to_string());
    let head = reader.head().map_err(told).ok()?;
    let mut all = Vec::new();
    while let Some(one) = reader.next_indberetning().map_err(told).ok()? {
        all.push(one);
    }
    Some((head, all))
}

fn written(format: &Format, head: &Udbetaling, all: &[Indberetning]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = format.begin(head, &mut bytes).expect("a head fits");
    for one in all {
        writer.indberetning(one).expect("what was read fits");
    }
    writer.finish().expect("it ends");
    bytes
}

#[test]
fn any_bytes() {
    let layout = Layouts::builtin().get("sf2520-kontanthjaelpsudbetaling").expect("it is built in");
    let format = Format::bind(&layout).expect("it has what is needed");
    let good = good();
    assert_eq!(read(&format, &good, Options::default()).map(|(_, all)| all.len()), Some(200));
    bolero::check!().with_type::<(u8, u8, Spoiling)>().with_test_time(test_time()).for_each(
        |(limit, objected, spoiling)| {
            let options = Options { fault_limit: (limit % 9).into(), ..Options::default() };
            let bytes = spoil(&good, spoiling);
            let objections = BTreeMap::from([
                (1, Objection::Twice),
                (u32::from(*objected), Objection::AnotherCpr),
            ]);
            drop(format.objections(&bytes[..], options, &objections));
            if let Some((head, all)) = read(&format, &bytes, options) {
                let again = read(&format, &written(&format, &head, &all), options);
                assert_eq!(again, Some((head, all)));
            }
        },
    );
}
