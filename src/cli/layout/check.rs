//! `modregn layout check`: every fault of layout files, at its place.

use crate::cli::{Exit, Io};
use crate::config::layout_files;
use crate::layout::{Layout, Layouts, compile};
use std::path::{Path, PathBuf};

/// Checks the directory's layouts, or the shipped ones.
pub(super) fn all(formats: Option<&Path>, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    if let Some(directory) = formats {
        return files(&layout_files(directory)?, io);
    }
    for layout in Layouts::builtin().iter() {
        sound("shipped", layout, io)?;
    }
    Ok(Exit::Done)
}

pub(super) fn files(files: &[PathBuf], io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let mut exit = Exit::Done;
    for path in files {
        let name = path.display().to_string();
        match compile(&name, &fs_err::read_to_string(path)?) {
            Ok(layout) => sound(&name, &layout, io)?,
            Err(faults) => {
                exit = Exit::Faults;
                writeln!(io.err, "{}\n", faults.render(io.terminal))?;
                writeln!(io.err, "{name}: faults: {}", faults.list().len())?;
            }
        }
    }
    Ok(exit)
}

fn sound(name: &str, layout: &Layout, io: &mut Io<'_>) -> std::io::Result<()> {
    let fields: usize = layout.records.iter().map(|record| record.fields.len()).sum();
    let (id, version, records) = (&layout.id, &layout.version, layout.records.len());
    writeln!(io.out, "ok  {id} {version}  records: {records}, fields: {fields}  ({name})")
}
