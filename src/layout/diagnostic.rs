//! Faults of a layout file, each with a stable name and its place in the file.

use super::spanned::Span;
use crate::fault::codes;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::cell::RefCell;
use std::fmt;

codes! {
    /// The stable name of a fault in a layout file, kebab-case. Each has a heading in
    /// `docs/errors.md`.
    enum LayoutFault;

    // The file as TOML.
    /// Not TOML.
    TomlSyntax = "toml-syntax",
    /// A key that does not belong there.
    UnknownKey = "unknown-key",
    /// A key that must be there.
    MissingKey = "missing-key",
    /// A value of another TOML type.
    WrongType = "wrong-type",
    /// A word that is none of the possible ones.
    UnknownWord = "unknown-word",
    /// A number or a list beyond its limits.
    OutOfRange = "out-of-range",
    // Names.
    /// A name written otherwise than names are.
    BadName = "bad-name",
    /// Two things of one name.
    DuplicateName = "duplicate-name",
    /// The name of nothing.
    UnknownName = "unknown-name",
    // The file described.
    /// Valid to a day before the day it is valid from.
    ValidityReversed = "validity-reversed",
    /// A terminator that does not go with the rest.
    TerminatorClash = "terminator-clash",
    /// Padding records that cannot be.
    PaddingClash = "padding-clash",
    // Records.
    /// Two fields share columns.
    Overlap = "overlap",
    /// Columns that no field covers.
    Gap = "gap",
    /// A field beyond the record's length.
    PastTheEnd = "past-the-end",
    /// A record told by a field that is not constant.
    DiscriminatorNotConstant = "discriminator-not-constant",
    /// Two records that the same bytes can begin.
    AmbiguousRecords = "ambiguous-records",
    /// A record told by its place that does not stand there.
    MisplacedRecord = "misplaced-record",
    // Fields.
    /// Not as wide as its field.
    WrongWidth = "wrong-width",
    /// A character that the file's encoding lacks.
    NotInEncoding = "not-in-encoding",
    /// A pattern that does not write a date or time.
    BadPattern = "bad-pattern",
    /// A two-digit year without its pivot.
    PivotMissing = "pivot-missing",
    /// A pivot without a two-digit year.
    PivotUnused = "pivot-unused",
    /// A number of more than 18 digits, or of fewer than its decimals.
    BadNumberWidth = "bad-number-width",
    /// A sign that cannot be read.
    BadSign = "bad-sign",
    /// A form of "no value" that is a value.
    NoneIsAValue = "none-is-a-value",
    /// A condition on something else than a code.
    BadCondition = "bad-condition",
    /// A code twice.
    DuplicateCode = "duplicate-code",
    // Structure.
    /// Not a place in a group.
    BadItem = "bad-item",
    /// A record or group that stands nowhere.
    NeverUsed = "never-used",
    /// A group within itself.
    CyclicGroup = "cyclic-group",
    /// A group at two places.
    GroupTwice = "group-twice",
    /// A group that need not begin with a record.
    OpenGroup = "open-group",
    /// A record that could stand at two places.
    AmbiguousStructure = "ambiguous-structure",
    // Controls.
    /// A control on a field that holds no number.
    ControlNotANumber = "control-not-a-number",
    /// A control over records that its scope does not hold.
    ControlOutOfScope = "control-out-of-scope",
    /// A control record that stands more than once in its scope.
    ControlRepeats = "control-repeats",
    /// A control field that cannot hold what it must equal.
    ControlTooNarrow = "control-too-narrow",
    /// Fields of different kinds compared or added.
    ControlKinds = "control-kinds",
    /// Two controls on one field.
    DuplicateControl = "duplicate-control",
}

/// One fault of a layout file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    fault: LayoutFault,
    span: Span,
    message: String,
    also: Vec<(Span, &'static str)>,
    help: Option<String>,
}

impl LayoutFault {
    /// This fault at a place: what is wrong, and what was expected.
    pub(super) fn at(self, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { fault: self, span, message: message.into(), also: Vec::new(), help: None }
    }
}

impl Diagnostic {
    /// Shows another place that has to do with it.
    pub(super) fn also(mut self, span: Span, label: &'static str) -> Self {
        self.also.push((span, label));
        self
    }

    /// Says what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Which fault it is.
    pub fn fault(&self) -> LayoutFault {
        self.fault
    }

    /// What is wrong, and what was expected.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Faults shown with their lines. Each picture goes through the whole file: a file that is wrong
/// everywhere would take minutes.
const SHOWN: usize = 100;

/// All faults of one layout file, in the order of their places. Shown without colours by
/// `Display`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Diagnostics {
    source_name: String,
    text: String,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// The faults.
    pub fn list(&self) -> &[Diagnostic] {
        &self.list
    }

    /// For people: each fault with its lines of the file, the first hundred; coloured for a
    /// terminal.
    pub fn render(&self, terminal: bool) -> String {
        let renderer = if terminal { Renderer::styled() } else { Renderer::plain() };
        let (shown, more) = self.list.split_at(self.list.len().min(SHOWN));
        let mut shown: Vec<_> =
            shown.iter().map(|one| renderer.render(&[self.group(one)])).collect();
        if !more.is_empty() {
            shown.push(format!("and {} faults more", more.len()));
        }
        shown.join("\n\n")
    }

    fn group<'a>(&'a self, diagnostic: &'a Diagnostic) -> Group<'a> {
        let Diagnostic { fault, span, message, also, help } = diagnostic;
        let also = also
            .iter()
            .map(|(span, label)| AnnotationKind::Context.span(span.clone()).label(*label));
        let snippet = Snippet::source(&self.text)
            .path(&self.source_name)
            .annotation(AnnotationKind::Primary.span(span.clone()))
            .annotations(also);
        let group = Level::ERROR.primary_title(message).id(fault.as_str()).element(snippet);
        match help {
            Some(help) => group.element(Level::HELP.message(help)),
            None => group,
        }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// The faults found so far in one layout file.
pub(super) struct Log<'a> {
    text: &'a str,
    list: RefCell<Vec<Diagnostic>>,
}

impl<'a> Log<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, list: RefCell::default() }
    }

    pub(super) fn add(&self, diagnostic: Diagnostic) {
        self.list.borrow_mut().push(diagnostic);
    }

    pub(super) fn count(&self) -> usize {
        self.list.borrow().len()
    }

    /// The part of `span` that stands on its first line.
    pub(super) fn first_line(&self, span: Span) -> Span {
        let lines = &self.text[span.clone()];
        span.start..span.start + lines.find(['\r', '\n']).unwrap_or(lines.len())
    }

    pub(super) fn into_diagnostics(self, source_name: &str) -> Diagnostics {
        let mut list = self.list.into_inner();
        list.sort_by_key(|one| (one.span.start, one.span.end, one.fault));
        list.dedup();
        Diagnostics { source_name: source_name.into(), text: self.text.into(), list }
    }
}
