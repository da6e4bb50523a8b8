//! The one look of tables: columns set apart by blanks, no lines.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// A table with these column heads; one that begins with `>` holds numbers, set to the right.
pub(super) fn table(heads: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(heads.iter().map(|head| head.trim_start_matches('>')));
    for (at, head) in heads.iter().enumerate() {
        let column = table.column_mut(at).filter(|_| head.starts_with('>'));
        if let Some(column) = column {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
