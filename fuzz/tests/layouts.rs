//! No text makes the layout compiler panic, nor the showing of what is wrong with it.

use modregn::layout::compile;
use modregn_fuzz::{Spoiling, spoil, test_time};

const SEEDS: [&str; 3] = [
    include_str!("../../formats/sf2520-kontanthjaelpsudbetaling.toml"),
    include_str!("../../tests/layouts/betalingsservice-0602.toml"),
    include_str!("../../tests/layouts/debitor-cp277.toml"),
];

#[test]
fn any_text() {
    bolero::check!().with_type::<(u8, Spoiling)>().with_test_time(test_time()).for_each(
        |(seed, spoiling)| {
            let good = SEEDS[usize::from(*seed) % SEEDS.len()];
            let bytes = spoil(good.as_bytes(), spoiling);
            if let Err(faults) = compile("fuzz.toml", &String::from_utf8_lossy(&bytes)) {
                drop(faults.render(false));
            }
        },
    );
}
