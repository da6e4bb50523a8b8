//! What is wrong with a file, told in Danish: its sender is a Danish municipality's supplier.

use super::expected::{Expected, Pad};
use super::found::Found;
use crate::layout::model::{Align, Sign, Terminator};
use std::fmt;

/// Tells something in Danish.
#[derive(Clone, Copy, Debug)]
pub struct Dansk<'a, T>(pub(super) &'a T);

impl fmt::Display for Dansk<'_, Expected> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Expected::Value(None) => f.write_str("en værdi"),
            Expected::Value(Some(decider)) => write!(f, "en værdi, fordi {decider} kræver det"),
            Expected::NoValue(decider) => write!(f, "ingen værdi, fordi {decider} kræver det"),
            Expected::Text(align, pad) => {
                let side = match align {
                    Align::Left => "venstrestillet",
                    Align::Right => "højrestillet",
                };
                write!(f, "tekst uden styretegn, {side}, udfyldt med {}", Dansk(pad))
            }
            Expected::Digits(width) => counted(f, *width as u64, "ciffer", "cifre"),
            Expected::Number { width, pad, sign } => {
                let signed = match sign {
                    Sign::Unsigned | Sign::Field(_) => "",
                    Sign::Leading => ", fortegnet først",
                    Sign::Trailing => ", fortegnet sidst",
                    Sign::Overpunch => ", fortegnet i sidste ciffer",
                };
                f.write_str("et tal på ")?;
                counted(f, *width as u64, "kolonne", "kolonner")?;
                write!(f, ", udfyldt med {}{signed}", Dansk(pad))
            }
            Expected::Sign(codes) => write!(f, "et fortegn: {}", quoted(codes)),
            Expected::Date(pattern) => write!(f, "en dag, der findes, skrevet {}", moment(pattern)),
            Expected::Time(pattern) => write!(f, "et klokkeslæt, skrevet {}", moment(pattern)),
            Expected::Timestamp(pattern) => {
                write!(f, "en dag og et klokkeslæt, der findes, skrevet {}", moment(pattern))
            }
            Expected::Period(pattern) => write!(f, "en måned, skrevet {}", moment(pattern)),
            Expected::Uuid => f.write_str("et UUID med små bogstaver og bindestreger"),
            Expected::Cpr => {
                f.write_str("et CPR-nummer: ti cifre, der begynder med en dag, der findes")
            }
            Expected::Cvr => f.write_str("et CVR-nummer: otte cifre, hvis kontrolciffer stemmer"),
            Expected::Kommunekode => f.write_str("kommunekoden for en af de 98 kommuner"),
            Expected::Code(codes) => write!(f, "en af koderne {}", quoted(codes)),
            Expected::Constant(value) => write!(f, "”{value}”"),
            Expected::Filler(pad) => Dansk(pad).fmt(f),
            Expected::Bytes(length) => write!(f, "{length} byte"),
            Expected::LineEndWithin(most) => write!(f, "et linjeskift inden for {most} byte"),
            Expected::Terminator(terminator) => f.write_str(match terminator {
                Terminator::CrLf => "CR LF",
                Terminator::Lf => "LF",
                Terminator::None => "intet linjeskift",
                Terminator::Detect => "CR LF eller LF",
            }),
            Expected::SomeRecord => f.write_str("mindst én post"),
            Expected::Next { names, or_end } => {
                let end = or_end.then_some("filens slutning");
                let all: Vec<_> = names.iter().map(String::as_str).chain(end).collect();
                f.write_str(&all.join(" eller "))
            }
            Expected::EndOfFile => f.write_str("filens slutning"),
            Expected::Block(block) => write!(f, "fyldposter op til et antal, {block} går op i"),
            Expected::AtMostRecords(most) => write!(f, "højst {most} poster"),
            Expected::AtMostFaults(most) => write!(f, "højst {most} fejl"),
            Expected::Count(due, names) => write!(f, "{due}, antallet af {}", names.join(" og ")),
            Expected::Sum(due, fields) => write!(f, "{due}, summen af {}", fields.join(" og ")),
            Expected::Ordinal(due) => write!(f, "{due}, det næste nummer"),
            Expected::SameAs(field) => write!(f, "det samme som i {field}"),
            Expected::Identifier(most) => write!(f, "en betegnelse på 1 til {most} tegn"),
            Expected::LocalTime => f.write_str("et klokkeslæt, som ure i Danmark viser den dag"),
            Expected::CprOfAftale => f.write_str("det CPR-nummer, aftalen gælder"),
            Expected::OncePerDay => f.write_str("en aftale én gang for hver dag og hvert fortegn"),
            Expected::NoAmount(decider) => write!(f, "intet beløb, fordi {decider} kræver det"),
        }
    }
}

impl fmt::Display for Dansk<'_, Pad> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Pad::Blanks => f.write_str("mellemrum"),
            Pad::Zeros => f.write_str("nuller"),
            Pad::Other(character) => write!(f, "”{character}”"),
        }
    }
}

impl fmt::Display for Dansk<'_, Found> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Found::Shape(shape) => shape.fmt(f),
            Found::Number(number) => number.fmt(f),
            Found::Bytes(count) => write!(f, "{count} byte"),
            Found::Records(count) => counted(f, *count, "post", "poster"),
            Found::Record(name) => f.write_str(name),
            Found::LineEnd(end) => f.write_str(end),
            Found::EndOfFile => f.write_str("filens slutning"),
            Found::NoBytes => f.write_str("intet indhold"),
            Found::Nothing => f.write_str("intet"),
            Found::More => f.write_str("flere"),
        }
    }
}

fn quoted(codes: &[String]) -> String {
    codes.iter().map(|code| format!("”{code}”")).collect::<Vec<_>>().join(", ")
}

/// How a date or time is written, with the letters of the Danish words (år, time).
fn moment(pattern: &str) -> String {
    pattern.replace("YY", "ÅÅ").replace("hh", "tt")
}

/// So many of something, by its one word or the other.
fn counted(f: &mut fmt::Formatter<'_>, count: u64, one: &str, many: &str) -> fmt::Result {
    write!(f, "{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn danish_counts_joins_and_writes_times_in_danish() {
        let names = || vec!["a".to_owned(), "b".to_owned()];
        let pad = || Pad::Other("*".to_owned());
        let table = [
            (Expected::Digits(1), "1 ciffer"),
            (Expected::Digits(8), "8 cifre"),
            (
                Expected::Text(Align::Right, pad()),
                "tekst uden styretegn, højrestillet, udfyldt med ”*”",
            ),
            (Expected::Code(names()), "en af koderne ”a”, ”b”"),
            (Expected::Next { names: names(), or_end: false }, "a eller b"),
            (Expected::Next { names: names(), or_end: true }, "a eller b eller filens slutning"),
            (Expected::Next { names: vec![], or_end: true }, "filens slutning"),
            (Expected::Sum(-5, names()), "-5, summen af a og b"),
            (
                Expected::Timestamp("YY-MM-DD hh:mm".to_owned()),
                "en dag og et klokkeslæt, der findes, skrevet ÅÅ-MM-DD tt:mm",
            ),
        ];
        for (expected, dansk) in table {
            assert_eq!(expected.dansk().to_string(), dansk);
        }
        let width = |width, sign| Expected::Number { width, pad: Pad::Zeros, sign };
        let told = width(1, Sign::Trailing).dansk().to_string();
        assert_eq!(told, "et tal på 1 kolonne, udfyldt med nuller, fortegnet sidst");
        assert_eq!(Found::Records(1).dansk().to_string(), "1 post");
    }
}
