//! `modregn layout show` and `list`: layouts as a person reads them, as text or as Markdown.

use super::words::Words;
use crate::cli::{Exit, Io};
use crate::layout::Layouts;
use crate::layout::model::{Layout, Record};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use std::fmt::{self, Write as _};

/// Columns a table on a terminal may take.
const WIDTH: u16 = 100;

pub(super) fn list(layouts: &Layouts, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for layout in layouts.iter() {
        table.add_row([&layout.id, &layout.version, &layout.title]);
    }
    if let Some(ids) = table.column_mut(0) {
        ids.set_padding((0, 1));
    }
    writeln!(io.out, "{}", table.trim_fmt())?;
    Ok(Exit::Done)
}

pub(super) fn run(layout: &Layout, markdown: bool, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let mut text = String::new();
    page(layout, markdown, &mut text)?;
    io.out.write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

fn page(layout: &Layout, markdown: bool, text: &mut String) -> fmt::Result {
    let words = Words { layout };
    let (title, heading, item) = if markdown { ("# ", "## ", "- ") } else { ("", "", "") };
    writeln!(text, "{title}{} {}: {}\n", layout.id, layout.version, layout.title)?;
    if !layout.doc.is_empty() {
        writeln!(text, "{}\n", layout.doc)?;
    }
    for fact in words.facts() {
        writeln!(text, "{item}{fact}")?;
    }
    for record in &layout.records {
        writeln!(text, "\n{heading}{}\n\n{}\n", record.name, Words::record(record))?;
        writeln!(text, "{}", fields(record, &words, markdown))?;
    }
    if !layout.controls.is_empty() {
        writeln!(text, "\n{heading}controls\n")?;
    }
    for control in &layout.controls {
        writeln!(text, "{item}{}", words.control(control))?;
    }
    Ok(())
}

fn fields(record: &Record, words: &Words<'_>, markdown: bool) -> String {
    let mut table = Table::new();
    if markdown {
        table.load_style(presets::ASCII_MARKDOWN);
    } else {
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    }
    table.set_header(["start", "length", "field", "holds", "meaning"]);
    for field in &record.fields {
        let (start, length) = (field.columns.first(), field.columns.len());
        let mut row = [
            start.to_string(),
            length.to_string(),
            field.name.clone(),
            words.field(record, field),
            field.doc.clone(),
        ];
        if markdown {
            row = row.map(|cell| cell.replace('|', "\\|").replace('\n', "<br>"));
        }
        table.add_row(row);
    }
    for column in table.column_iter_mut().take(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}
