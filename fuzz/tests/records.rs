//! No bytes make the record reader panic, by any layout there is; and what it reads can be shown.

use modregn::domain::CprPolicy;
use modregn::layout::{Layout, Layouts, compile};
use modregn::record::{Codec, Options, Reader};
use modregn_fuzz::{Spoiling, spoil, test_time};
use std::fs;
use std::path::{Path, PathBuf};

/// Every fixture's file with the codec of its layout.
fn seeds() -> Vec<(Codec, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut seeds = Vec::new();
    for folder in directories(&root.join("fixtures")) {
        let id = folder.file_name().unwrap().to_str().unwrap().to_owned();
        for case in directories(&folder) {
            for file in fs::read_dir(&case).unwrap().map(|entry| entry.unwrap().path()) {
                let name = file.file_name().unwrap().to_str().unwrap();
                if name != "README.md" && !name.starts_with("expected") {
                    seeds.push((Codec::new(&layout(&root, &id)), fs::read(&file).unwrap()));
                }
            }
        }
    }
    assert!(seeds.len() > 20, "the fixtures are there");
    seeds
}

fn directories(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

fn layout(root: &Path, id: &str) -> Layout {
    if let Some(layout) = Layouts::builtin().get(id) {
        return (*layout).clone();
    }
    let path = root.join("tests/layouts").join(format!("{id}.toml"));
    compile(id, &fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn any_bytes() {
    let seeds = seeds();
    let options = Options {
        cpr: CprPolicy { erstatningspersonnummer: true },
        fault_limit: 10,
        ..Options::default()
    };
    bolero::check!().with_type::<(u16, Spoiling)>().with_test_time(test_time()).for_each(
        |(seed, spoiling)| {
            let (codec, good) = &seeds[usize::from(*seed) % seeds.len()];
            let bytes = spoil(good, spoiling);
            let mut reader = Reader::new(codec, &bytes[..], options);
            loop {
                match reader.next_record() {
                    Ok(Some(record)) => drop(format!("{record:?}")),
                    Ok(None) => break,
                    Err(faults) => break drop(faults.to_string()),
                }
            }
        },
    );
}
