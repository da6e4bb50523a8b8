//! Every kind of field: what it accepts and what it means, what it refuses and why.

use crate::support::{codec, read};
use modregn::record::Codec;

/// A file of one field.
fn one_field(encoding: &str, length: usize, field: &str) -> Codec {
    codec(&format!(
        r#"
        id = "one"
        version = "1"
        title = "One field"
        source = "test"
        encoding = "{encoding}"
        terminator = "none"
        record_length = {length}
        structure = {{ file = ["r"] }}
        [[record]]
        name = "r"
        field = [{{ start = 1, length = {length}, name = "f", {field} }}]
        "#
    ))
}

/// The field's value, or the code of its fault.
fn outcome(codec: &Codec, bytes: &[u8]) -> String {
    match read(codec, bytes) {
        Ok(records) => records[0].strip_prefix("r f=").unwrap_or("-").to_owned(),
        Err(faults) => {
            let [fault] = faults.as_slice() else { panic!("{faults}") };
            assert_eq!((fault.columns, fault.position.byte), (Some((1, bytes.len())), 0));
            format!("{}!", fault.code)
        }
    }
}

fn check_in(encoding: &str, field: &str, table: &[(&[u8], &str)]) {
    for (bytes, expected) in table {
        let codec = one_field(encoding, bytes.len(), field);
        let text = bytes.escape_ascii();
        assert_eq!(outcome(&codec, bytes), *expected, "{field}: \"{text}\"");
    }
}

fn check(field: &str, table: &[(&[u8], &str)]) {
    check_in("iso-8859-1", field, table);
}

#[test]
fn text() {
    check(
        r#"kind = "text""#,
        &[
            (b"A    ", "A"),
            (b"A B C", "A B C"),
            (b"\xC6r\xF8 7    ", "Ærø 7"),
            (b"x\xA0", "x\u{a0}"),
            (b"12345678901234567890x   ", "12345678901234567890x"),
            (b" A   ", "bad-padding!"),
            (b"     ", "missing-value!"),
            (b"A\tB", "bad-encoding!"),
            (b"A\x7F", "bad-encoding!"),
            (b"12345678901234567\x8590", "bad-encoding!"),
            (b"\0\0\0", "bad-encoding!"),
        ],
    );
    check(
        r#"kind = "text", align = "right", pad = "zero", presence = "optional""#,
        &[
            (b"0000A", "A"),
            (b"12345", "12345"),
            (b"00A00", "A00"),
            (b"00A  ", "bad-padding!"),
            (b"00000000000", "-"),
        ],
    );
}

#[test]
fn text_in_other_encodings() {
    check_in(
        "windows-1252",
        r#"kind = "text""#,
        &[
            (b"5\x80 ", "5€"),
            (b"\xD8 ", "Ø"),
            (b"\x81 ", "bad-encoding!"),
            (b"\x07 ", "bad-encoding!"),
        ],
    );
    check_in(
        "utf-8",
        r#"kind = "text""#,
        &[
            ("Ærø ".as_bytes(), "Ærø"),
            ("\u{85} ".as_bytes(), "bad-encoding!"),
            (b"\xC6r\xF8 ", "bad-encoding!"),
            // Columns are bytes: a character cut in two is none.
            (b"abc\xC3", "bad-encoding!"),
        ],
    );
    check_in(
        "ebcdic-cp277",
        r#"kind = "text""#,
        &[
            (b"\x7B\x99\x6A\x40\xF7\x40", "Ærø 7"),
            (b"\x40\x40", "missing-value!"),
            (b"\x0D", "bad-encoding!"),
        ],
    );
}

#[test]
fn digits_and_numbers() {
    check(
        r#"kind = "digits""#,
        &[(b"0012", "0012"), (b"00 2", "bad-number!"), (b"    ", "missing-value!")],
    );
    check(
        r#"kind = "number""#,
        &[
            (b"0", "0"),
            (b"00000012", "12"),
            (b"000000123", "123"),
            (b"999999999999999999", "999999999999999999"),
            (b"0000x", "bad-number!"),
            (b"   12", "bad-number!"),
            (b"+0012", "bad-number!"),
            (b"     ", "missing-value!"),
        ],
    );
    check(
        r#"kind = "number", scale = 2, pad = "blank""#,
        &[
            (b"  1250", "12.50"),
            (b"000005", "0.05"),
            (b"     0", "0.00"),
            (b"1 2500", "bad-number!"),
            (b"125   ", "bad-number!"),
        ],
    );
}

#[test]
fn signs() {
    check(
        r#"kind = "number", sign = "leading""#,
        &[
            (b"+0012", "12"),
            (b"-0012", "-12"),
            (b"00012", "12"),
            (b"-0000", "0"),
            (b" 0012", "bad-number!"),
            (b"0-012", "bad-number!"),
        ],
    );
    check(
        r#"kind = "number", sign = "trailing", pad = "blank""#,
        &[
            (b"  12-", "-12"),
            (b"  12+", "12"),
            (b"  12 ", "12"),
            (b"  -12", "bad-number!"),
            (b"   1x", "bad-number!"),
        ],
    );
    check(
        r#"kind = "number", sign = "overpunch""#,
        &[
            (b"0012{", "120"),
            (b"0012A", "121"),
            (b"0012I", "129"),
            (b"0012}", "-120"),
            (b"0012J", "-121"),
            (b"0012R", "-129"),
            (b"00125", "125"),
            (b"}", "0"),
            (b"0012S", "bad-number!"),
            (b"001A2", "bad-number!"),
        ],
    );
    check_in(
        "ebcdic-cp277",
        r#"kind = "number", sign = "overpunch""#,
        &[
            (b"\xF0\xF1\xC0", "10"),
            (b"\xF0\xF1\xC9", "19"),
            (b"\xF0\xF1\xD0", "-10"),
            (b"\xF0\xF1\xD9", "-19"),
            (b"\xF0\xF1\xF3", "13"),
            (b"\xF0\xF1\xE1", "bad-number!"),
            (b"\xD1\xF1\xF3", "bad-number!"),
        ],
    );
}

#[test]
fn days_and_times() {
    check(
        r#"kind = "date", pattern = "YYYYMMDD""#,
        &[
            (b"20240229", "2024-02-29"),
            (b"20260229", "bad-date!"),
            (b"20261301", "bad-date!"),
            (b"2026 101", "bad-date!"),
            (b"00000000", "bad-date!"),
            (b"        ", "missing-value!"),
        ],
    );
    check(
        r#"kind = "date", pattern = "DDMMYY", pivot = 1930"#,
        &[(b"010130", "1930-01-01"), (b"311229", "2029-12-31"), (b"000000", "bad-date!")],
    );
    check(
        r#"kind = "date", pattern = "YYDDD", pivot = 1960"#,
        &[
            (b"24366", "2024-12-31"),
            (b"60001", "1960-01-01"),
            (b"23366", "bad-date!"),
            (b"23000", "bad-date!"),
        ],
    );
    check(
        r#"kind = "date", pattern = "YYYY-MM-DD", presence = "optional", none = ["9999-12-31"]"#,
        &[(b"2026-12-01", "2026-12-01"), (b"9999-12-31", "-"), (b"2026/12/01", "bad-date!")],
    );
    check(
        r#"kind = "time", pattern = "hhmmss""#,
        &[(b"235959", "23:59:59"), (b"240000", "bad-time!"), (b"2359x9", "bad-time!")],
    );
    check(
        r#"kind = "timestamp", pattern = "YYYY-MM-DDThh:mm:ss""#,
        &[
            (b"2026-12-01T08:30:00", "2026-12-01T08:30:00"),
            (b"2026-12-01T08:60:00", "bad-date!"),
            (b"2026-12-01 08:30:00", "bad-date!"),
        ],
    );
    check(
        r#"kind = "period", pattern = "YYYYMM""#,
        &[(b"202612", "2026-12"), (b"202613", "bad-period!"), (b"2026 1", "bad-period!")],
    );
}

#[test]
fn identifiers_and_codes() {
    check(
        r#"kind = "uuid""#,
        &[
            (b"0193a7c2-5b1e-7f00-8a4d-3c2b1a098765", "0193a7c2-5b1e-7f00-8a4d-3c2b1a098765"),
            (b"0193A7C2-5b1e-7f00-8a4d-3c2b1a098765", "bad-uuid!"),
            (b"0193a7c205b1e-7f00-8a4d-3c2b1a098765", "bad-uuid!"),
        ],
    );
    check(
        r#"kind = "cpr""#,
        &[(b"0101901234", "0101901234"), (b"3102901234", "bad-cpr!"), (b"6101901234", "bad-cpr!")],
    );
    check(r#"kind = "cvr""#, &[(b"64942212", "64942212"), (b"64942213", "bad-cvr!")]);
    check(
        r#"kind = "kommunekode""#,
        &[(b"0101", "0101"), (b"0411", "bad-kommunekode!"), (b"010 ", "bad-kommunekode!")],
    );
    let codes =
        r#"kind = "code", codes = [{ code = "01", doc = "a" }, { code = "A ", doc = "b" }]"#;
    check(
        codes,
        &[(b"01", "01"), (b"A ", "A"), (b" A", "unknown-code!"), (b"  ", "missing-value!")],
    );
    check(
        r#"kind = "code", codes = [{ code = "ten bytes!", doc = "wider than a word" }]"#,
        &[(b"ten bytes!", "ten bytes!"), (b"ten bytes?", "unknown-code!")],
    );
    check(r#"kind = "constant", value = "A1""#, &[(b"A1", "-"), (b"A2", "bad-constant!")]);
    check(r#"kind = "filler""#, &[(b"    ", "-"), (b"  x ", "bad-filler!")]);
    check(r#"kind = "filler", pad = "zero""#, &[(b"000", "-"), (b"   ", "bad-filler!")]);
    check(r#"kind = "filler", checked = false"#, &[(b"any\0", "-")]);
}

#[test]
fn a_form_set_apart_for_no_value_is_missing_where_a_value_is_required() {
    check(
        r#"kind = "date", pattern = "YYYYMMDD", none = ["99991231"]"#,
        &[(b"99991231", "missing-value!"), (b"20261201", "2026-12-01")],
    );
    check(
        r#"kind = "number", presence = "optional", none = ["nines", "blanks"]"#,
        &[(b"999", "-"), (b"   ", "-"), (b"998", "998"), (b"9 9", "bad-number!")],
    );
}

#[test]
fn presence_may_depend_on_a_code() {
    let codec = codec(
        r#"
        id = "conditional"
        version = "1"
        title = "A field that another one asks for"
        source = "test"
        encoding = "iso-8859-1"
        terminator = "none"
        record_length = 3
        structure = { file = ["r"] }
        [[record]]
        name = "r"
        field = [
          { start = 1, length = 1, name = "a", kind = "code", codes = [
            { code = "1", doc = "one" },
            { code = "2", doc = "two" },
          ] },
          { start = 2, length = 2, name = "b", kind = "number", presence = { when = "a",
            is = ["2"] } },
        ]
        "#,
    );
    let table: [(&[u8], &str); 5] = [
        (b"1  ", "r a=1"),
        (b"207", "r a=2 b=7"),
        (b"107", "unexpected-value"),
        (b"2  ", "missing-value"),
        (b"2x7", "bad-number"),
    ];
    for (bytes, expected) in table {
        let found = match read(&codec, bytes) {
            Ok(records) => records[0].clone(),
            Err(faults) => faults.as_slice()[0].code.to_string(),
        };
        assert_eq!(found, expected, "{}", bytes.escape_ascii());
    }
}
