//! Where a record begins and ends: nom's streaming parsers over what is in memory. Where they ask
//! for more, the reader gets the next piece and asks again.

use super::codec::Codec;
use crate::layout::model::{RecordIx, Terminator};
use nom::branch::alt;
use nom::bytes::streaming::{tag, take};
use nom::combinator::{success, value};
use nom::error::{Error, ErrorKind};
use nom::{IResult, Needed, Parser};

/// Finds records by their kind, length and terminator.
#[derive(Debug)]
pub(super) struct Framing<'c> {
    codec: &'c Codec,
    /// What ends a record; once it has been seen, never again [`Terminator::Detect`].
    terminator: Terminator,
    /// The last record may lack its terminator.
    lenient: bool,
}

/// What ends a line. Never EBCDIC: its records have no terminator.
pub(super) const CR: u8 = b'\r';
pub(super) const LF: u8 = b'\n';

/// What is known about the place of the record that is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// It is the first one of the file.
    pub(super) first: bool,
    /// All that is left of the file is in memory.
    pub(super) ended: bool,
}

impl<'c> Framing<'c> {
    pub(super) fn new(codec: &'c Codec) -> Self {
        let terminator = codec.layout.terminator;
        Self { codec, terminator, lenient: terminator == Terminator::Detect }
    }

    /// What must end a record.
    pub(super) const fn terminator(&self) -> Terminator {
        self.terminator
    }

    /// The line that `data` begins with, or all of it if records have no terminator.
    pub(super) fn one_line<'d>(&self, data: &'d [u8]) -> &'d [u8] {
        match memchr::memchr(LF, data) {
            Some(end) if self.terminator != Terminator::None => &data[..end],
            _ => data,
        }
    }

    /// A record of its full length, with its terminator.
    #[inline]
    pub(super) fn record<'d>(
        &mut self,
        data: &'d [u8],
        place: Place,
    ) -> IResult<&'d [u8], RecordIx> {
        let record = self.select(data, data.len(), place)?;
        let (rest, bytes) = take(self.codec.plan(record).length).parse(data)?;
        let rest = self.end(bytes, rest, place)?;
        Ok((rest, record))
    }

    /// A line whose trailing blanks may be missing; they are put back in `whole`, which is as long
    /// as the longest record and its slack.
    pub(super) fn line<'d>(
        &mut self,
        data: &'d [u8],
        place: Place,
        whole: &mut [u8],
    ) -> IResult<&'d [u8], RecordIx> {
        let line = match memchr::memchr(LF, data) {
            Some(end) => &data[..end],
            None if place.ended => data,
            None if data.len() < whole.len() => return Err(nom::Err::Incomplete(Needed::Unknown)),
            None => return Err(fault(data)),
        };
        let line = line.strip_suffix(&[CR]).unwrap_or(line);
        let rest = self.end(line, &data[line.len()..], place)?;
        let Some(text) = whole.get_mut(..line.len()) else { return Err(fault(data)) };
        text.copy_from_slice(line);
        whole[line.len()..].fill(b' ');
        let left = if rest.is_empty() { 0 } else { usize::MAX };
        match self.select(whole, left, place) {
            Ok(record) if line.len() <= self.codec.plan(record).length => Ok((rest, record)),
            Err(nom::Err::Incomplete(more)) => Err(nom::Err::Incomplete(more)),
            _ => Err(fault(data)),
        }
    }

    /// A filler record: `byte` throughout, as long as the longest record.
    pub(super) fn filler<'d>(
        &mut self,
        data: &'d [u8],
        byte: u8,
        place: Place,
    ) -> IResult<&'d [u8], ()> {
        let (rest, record) = take(self.codec.layout.longest_record()).parse(data)?;
        if record.iter().any(|&here| here != byte) {
            return Err(fault(data));
        }
        Ok((self.end(record, rest, place)?, ()))
    }

    /// The kind of the record that `bytes` begin with; `left`: as many bytes at least are left of
    /// the file.
    #[inline]
    pub(super) fn select<'d>(
        &self,
        bytes: &[u8],
        left: usize,
        place: Place,
    ) -> Result<RecordIx, Failure<'d>> {
        let selector = &self.codec.selector;
        if place.first
            && let Some(first) = selector.first()
        {
            return Ok(first);
        }
        if let Some(last) = selector.last() {
            let whole = self.codec.plan(last).length + [CR, LF].len();
            match (left <= whole, place.ended) {
                (true, true) => return Ok(last),
                (true, false) => return Err(nom::Err::Incomplete(Needed::Unknown)),
                (false, _) => {}
            }
        }
        match selector.by_bytes(bytes) {
            Some(record) => Ok(record),
            None if bytes.len() < selector.extent() => Err(nom::Err::Incomplete(Needed::Unknown)),
            None => Err(fault(&[])),
        }
    }

    /// What follows the terminator that `rest`, behind `record`, begins with.
    #[inline]
    fn end<'d>(
        &mut self,
        record: &[u8],
        rest: &'d [u8],
        place: Place,
    ) -> Result<&'d [u8], Failure<'d>> {
        if rest.is_empty() && place.ended && self.lenient {
            return Ok(rest);
        }
        let crlf = || value(Terminator::CrLf, tag(&[CR, LF][..]));
        let lf = || value(Terminator::Lf, tag(&[LF][..]));
        let (rest, seen) = match self.terminator {
            Terminator::CrLf => crlf().parse(rest),
            Terminator::Lf => lf().parse(rest),
            Terminator::None => success(Terminator::None).parse(rest),
            Terminator::Detect => alt((crlf(), lf())).parse(rest),
        }?;
        // A record that is one byte short and ends with CR LF.
        if seen == Terminator::Lf && record.last() == Some(&CR) {
            return Err(fault(rest));
        }
        self.terminator = seen;
        Ok(rest)
    }
}

/// Why there is no record: more bytes are needed, or the right ones are not there.
type Failure<'d> = nom::Err<Error<&'d [u8]>>;

fn fault(input: &[u8]) -> Failure<'_> {
    nom::Err::Error(Error::new(input, ErrorKind::Verify))
}
