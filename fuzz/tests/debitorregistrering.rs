//! No bytes make the readers of transfers and of their kvitteringer panic, however few faults are
//! told; what they read without a fault reads the same when it is written again.

use modregn::domain::CprPolicy;
use modregn::domain::debitor::{Kvittering, Overfoersel, Registreringssvar};
use modregn::layout::{Layout, Layouts};
use modregn::message::debitorregistrering::Overfoert;
use modregn::message::{debitorkvittering, debitorregistrering};
use modregn::record::{Options, ReadError};
use modregn_fuzz::{Spoiling, spoil, test_time};
use std::sync::Arc;

const TRANSFER: &[u8] =
    include_bytes!("../../fixtures/sf1590-debitorregistrering/all-operations/overfoersel.txt");
const KVITTERING: &[u8] =
    include_bytes!("../../fixtures/sf1590-kvittering/accepted-and-rejected/kvittering.txt");

fn layout(id: &str) -> Arc<Layout> {
    Layouts::builtin().get(id).expect("it is built in")
}

fn told(error: ReadError) {
    drop(error.to_string());
}

/// Everything that can be read of a transfer; `None` = it has faults.
fn read_transfer(
    format: &debitorregistrering::Format,
    bytes: &[u8],
    options: Options,
) -> Option<(Overfoersel, Vec<Overfoert>)> {
    drop(format.about(bytes, options));
    let mut reader = format.read(bytes, options);
    let head = reader.head().map_err(told).ok()?;
    let mut all = Vec::new();
    while let Some(one) = reader.next_registrering().map_err(told).ok()? {
        all.push(one);
    }
    Some((head, all))
}

/// The same of a kvittering.
fn read_kvittering(
    format: &debitorkvittering::Format,
    bytes: &[u8],
    options: Options,
) -> Option<(Kvittering, Vec<Registreringssvar>)> {
    drop(format.about(bytes, options));
    let mut reader = format.read(bytes, options);
    let head = reader.head().map_err(told).ok()?;
    let mut all = Vec::new();
    while let Some(one) = reader.next_svar().map_err(told).ok()? {
        all.push(one);
    }
    Some((head, all))
}

#[test]
fn any_bytes_of_a_transfer() {
    let format = debitorregistrering::Format::bind(&layout("sf1590-debitorregistrering"))
        .expect("it has what is needed");
    let good = read_transfer(&format, TRANSFER, Options::default());
    assert_eq!(good.map(|(_, all)| all.len()), Some(14));
    bolero::check!().with_type::<(u8, Spoiling)>().with_test_time(test_time()).for_each(
        |(limit, spoiling)| {
            let options = Options { fault_limit: (limit % 9).into(), ..Options::default() };
            let Some((head, all)) = read_transfer(&format, &spoil(TRANSFER, spoiling), options)
            else {
                return;
            };
            let mut bytes = Vec::new();
            let any = CprPolicy { erstatningspersonnummer: true };
            let mut writer = format.begin(&head, any, &mut bytes).expect("a head fits");
            for one in &all {
                writer.registrering(one.sekvens, &one.registrering).expect("what was read fits");
            }
            writer.finish().expect("it ends");
            assert_eq!(read_transfer(&format, &bytes, options), Some((head, all)));
        },
    );
}

#[test]
fn any_bytes_of_a_kvittering() {
    let format = debitorkvittering::Format::bind(&layout("sf1590-kvittering"))
        .expect("it has what is needed");
    let good = read_kvittering(&format, KVITTERING, Options::default());
    assert_eq!(good.map(|(_, all)| all.len()), Some(3));
    bolero::check!().with_type::<(u8, Spoiling)>().with_test_time(test_time()).for_each(
        |(limit, spoiling)| {
            let options = Options { fault_limit: (limit % 9).into(), ..Options::default() };
            let Some((head, all)) = read_kvittering(&format, &spoil(KVITTERING, spoiling), options)
            else {
                return;
            };
            let mut bytes = Vec::new();
            let mut writer = format.begin(&head, &mut bytes).expect("a head fits");
            all.iter().for_each(|svar| writer.svar(svar).expect("what was read fits"));
            writer.finish().expect("it ends");
            assert_eq!(read_kvittering(&format, &bytes, options), Some((head, all)));
        },
    );
}
