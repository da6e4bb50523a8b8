//! The board on a terminal: what it is about, what needs somebody, then everybody by region.

use super::words::{self, countdown, long_day, municipalities, name, short, tal};
use crate::cli::Io;
use crate::domain::Kommunekode;
use crate::domain::kommune::Region;
use crate::domain::tavle::{Finding, Standing};
use crate::flow::tavle::{Board, BoardRow};
use crate::store::{Moment, Transfer};
use crate::transfer::state::State;
use std::io::{self, Write};

/// Longest line of a list of names, characters.
const WIDTH: usize = 100;
/// As wide as the longest name with its code.
const NAME: usize = 24;

const REGIONS: [Region; 5] = [
    Region::Nordjylland,
    Region::Midtjylland,
    Region::Syddanmark,
    Region::Hovedstaden,
    Region::Sjaelland,
];

/// Writes the whole board; `before` is the payout before, where that still needs somebody.
pub(super) fn write(
    board: &Board,
    before: Option<&Board>,
    now: Moment,
    io: &mut Io<'_>,
) -> io::Result<()> {
    let page = &mut Page { board, colour: io.colour, out: &mut *io.out };
    page.heading(now)?;
    page.problems(before)?;
    for region in REGIONS {
        page.region(region)?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Colour {
    Bold = 1,
    Dim = 2,
    Red = 31,
    Green = 32,
    Yellow = 33,
}

const fn colour_of(standing: Standing) -> Option<Colour> {
    match standing {
        Standing::Rejected
        | Standing::Held
        | Standing::Undelivered
        | Standing::Duplicate
        | Standing::Missing
        | Standing::Late => Some(Colour::Red),
        Standing::Received | Standing::Empty | Standing::Reported => Some(Colour::Yellow),
        Standing::Settled => Some(Colour::Green),
        Standing::Awaiting | Standing::Answered => None,
    }
}

struct Page<'a> {
    board: &'a Board,
    colour: bool,
    out: &'a mut dyn Write,
}

impl Page<'_> {
    fn paint(&self, text: &str, colour: Option<Colour>) -> String {
        match colour {
            Some(colour) if self.colour => format!("\x1b[{}m{text}\x1b[0m", colour as u8),
            _ => text.to_owned(),
        }
    }

    /// Which payout, how much time there is, and the sum of it.
    fn heading(&mut self, now: Moment) -> io::Result<()> {
        let board = self.board;
        let day = format!("Payout of {}", long_day(board.dispositionsdato));
        writeln!(self.out, "{}, {}", self.paint(&day, Some(Colour::Bold)), board.miljoe)?;
        let bounds = [("requests", board.bounds.request_due), ("reports", board.bounds.report_due)];
        for (what, due) in bounds {
            if let Some(due) = due {
                let (at, left) = (short(due), countdown(due, now));
                writeln!(self.out, "{:<12}{at:<18}{left}", format!("{what} by"))?;
            }
        }
        writeln!(
            self.out,
            "{}: {}; expected {}, reported {}",
            municipalities(board.rows.len()),
            words::sum(board, |_| true),
            tal(board.expected()),
            tal(board.reported())
        )
    }

    fn problems(&mut self, before: Option<&Board>) -> io::Result<()> {
        let board = self.board;
        writeln!(self.out)?;
        if before.is_none() && !board.has_problems() {
            return writeln!(self.out, "Nothing needs you.");
        }
        writeln!(self.out, "{}", self.paint("NEEDS YOU", Some(Colour::Red)))?;
        if let Some(before) = before {
            let date = before.dispositionsdato;
            let head = format!("the payout before, of {}", long_day(date));
            let sum = words::sum(before, Standing::is_problem);
            writeln!(self.out, "{}: {sum}", self.paint(&head, Some(Colour::Red)))?;
            writeln!(self.out, "    next: modregn board --dispositionsdato {date}")?;
        }
        for file in &board.unattributed {
            self.unattributed(file)?;
        }
        let mut rows: Vec<_> = board.rows.iter().collect();
        rows.sort_by_key(|row| row.standing());
        for row in rows {
            self.own_problems(row)?;
        }
        self.missing()?;
        self.late()
    }

    /// A file that could be anybody's.
    fn unattributed(&mut self, file: &Transfer) -> io::Result<()> {
        let Transfer { id, state, place, created_at, problem, .. } = file;
        let head = self.paint(&format!("{state}, and nobody knows whose"), Some(Colour::Red));
        writeln!(self.out, "{head}: {place} of {}", short(*created_at))?;
        if let Some(problem) = problem {
            writeln!(self.out, "    {}: {}", problem.code, problem.text)?;
        }
        let next = match state {
            State::Rejected => words::send_back(*id),
            _ => words::decide(*id),
        };
        writeln!(self.out, "    next: {next}")
    }

    /// What is wrong with one municipality, but for what is told of all of them together.
    fn own_problems(&mut self, row: &BoardRow) -> io::Result<()> {
        let next = |finding| words::next(finding, row.kommune, self.board);
        let own: Vec<_> =
            row.problems().filter_map(|finding| Some((finding, next(finding)?))).collect();
        if own.is_empty() {
            return Ok(());
        }
        let head = format!("{}  {}", name(row.kommune), row.standing().word());
        writeln!(self.out, "{}", self.paint(&head, Some(Colour::Red)))?;
        for (finding, next) in own {
            writeln!(self.out, "    {}", words::what(finding, self.board))?;
            writeln!(self.out, "    next: {next}")?;
        }
        Ok(())
    }

    /// The municipalities whose reports are missing.
    fn missing(&mut self) -> io::Result<()> {
        let open = |row: &BoardRow| {
            let mut all = row.problems();
            all.find_map(|finding| match finding {
                Finding::Missing(open) => Some((row.kommune, *open)),
                _ => None,
            })
        };
        let missing: Vec<_> = self.board.rows.iter().filter_map(open).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let head = format!("missing: reports of {}", municipalities(missing.len()));
        writeln!(self.out, "{}", self.paint(&head, Some(Colour::Red)))?;
        for (kommune, open) in missing {
            writeln!(self.out, "    {:NAME$} nothing about {}", name(kommune), tal(open))?;
        }
        writeln!(
            self.out,
            "    next: ask KY for their SF2520 files; what has come: \
             modregn files list --flow sf2520"
        )?;
        let date = self.board.dispositionsdato;
        for periode in &self.board.perioder {
            writeln!(
                self.out,
                "    which they are: modregn report forventninger --periode {periode} \
                 --dispositionsdato {date} --linjer --udfald aaben,udeblevet"
            )?;
        }
        Ok(())
    }

    /// The municipalities that have not asked in time.
    fn late(&mut self) -> io::Result<()> {
        let late = |row: &&BoardRow| row.problems().any(|it| matches!(it, Finding::NoRequest));
        let late: Vec<_> = self.board.rows.iter().filter(late).map(|row| row.kommune).collect();
        if late.is_empty() {
            return Ok(());
        }
        let head = format!("late: requests of {}", municipalities(late.len()));
        writeln!(self.out, "{}", self.paint(&head, Some(Colour::Red)))?;
        self.names("    ", &late, None)?;
        writeln!(
            self.out,
            "    next: ask KY for their SF2530 files; what has come: \
             modregn files list --flow sf2530"
        )
    }

    /// A region's municipalities; those of which there is nothing to say are only named.
    fn region(&mut self, region: Region) -> io::Result<()> {
        let board = self.board;
        let here: Vec<_> = board.rows.iter().filter(|row| row.kommune.region() == region).collect();
        if here.is_empty() {
            return Ok(());
        }
        let is_quiet = |row: &BoardRow| {
            let waits = matches!(row.standing(), Standing::Awaiting | Standing::Late);
            waits && row.notes().next().is_none() && row.facts.open().antal == 0
        };
        let columns = if here.iter().all(|row| is_quiet(row)) {
            String::new()
        } else {
            format!("{:14}{:>8} {:>16} {:>8} {:>8}", "", "expected", "kr.", "reported", "open")
        };
        let head = format!("{:<NAME$}{columns}", region.to_string());
        writeln!(self.out, "\n{}", self.paint(head.trim_end(), Some(Colour::Bold)))?;
        for row in here.iter().filter(|row| !is_quiet(row)) {
            self.row(row)?;
        }
        for standing in [Standing::Awaiting, Standing::Late] {
            let quiet = here.iter().filter(|row| is_quiet(row) && row.standing() == standing);
            let names: Vec<_> = quiet.map(|row| row.kommune).collect();
            if !names.is_empty() {
                let head = format!("{}: ", standing.word());
                self.names(&head, &names, Some(Colour::Dim))?;
            }
        }
        Ok(())
    }

    fn row(&mut self, row: &BoardRow) -> io::Result<()> {
        let (expected, open) = (row.facts.afstemning.forventet(), row.facts.open());
        let reported = row.facts.afstemning.modtaget();
        let standing = format!("{:<11}", row.standing().word());
        let standing = self.paint(&standing, colour_of(row.standing()));
        let notes: Vec<_> = row.notes().map(|note| words::what(note, self.board)).collect();
        let line = format!(
            "{:<NAME$}  {standing} {:>8} {:>16} {:>8} {:>8}  {}",
            name(row.kommune),
            expected.antal,
            expected.beloeb,
            reported.antal,
            open.antal,
            self.paint(&notes.join("; "), Some(Colour::Yellow)),
        );
        writeln!(self.out, "{}", line.trim_end())
    }

    /// Names one after the other, in lines.
    fn names(
        &mut self,
        head: &str,
        names: &[Kommunekode],
        colour: Option<Colour>,
    ) -> io::Result<()> {
        let mut line = head.to_owned();
        for (at, kommune) in names.iter().enumerate() {
            let comma = if at + 1 < names.len() { ", " } else { "" };
            let next = format!("{}{comma}", name(*kommune));
            if line.chars().count() + next.trim_end().chars().count() > WIDTH {
                writeln!(self.out, "{}", self.paint(line.trim_end(), colour))?;
                line.replace_range(.., "    ");
            }
            line.push_str(&next);
        }
        writeln!(self.out, "{}", self.paint(&line, colour))
    }
}
