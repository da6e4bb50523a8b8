//! Foreign formats, described in the layout language without a line of code.

use modregn::layout;
use std::{fs, path::Path};

#[test]
fn foreign_layouts_compile() {
    for name in ["betalingsservice-0602", "cpr-udtraek", "debitor-cp277", "nacha-ach"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/layouts/{name}.toml"));
        let compiled = layout::compile(name, &fs::read_to_string(&path).unwrap());
        assert_eq!(compiled.unwrap_or_else(|faults| panic!("{faults}")).id, name);
    }
}
