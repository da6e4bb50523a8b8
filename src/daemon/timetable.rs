//! When a route of the daemon looks into its inbox: always, or at the times of its schedule.

use super::pass::{FileOutcome, Intake, PassReport, Verdict};
use crate::config::{Inbox, Schedule};
use crate::store::Moment;
use std::time::Duration;

/// One route's times.
#[derive(Debug)]
pub(super) struct Timetable<'e> {
    /// None = always.
    schedule: Option<&'e Schedule>,
    /// The times up to here are over.
    since: Moment,
    /// Whether what has begun at one of them goes on.
    open: bool,
}

impl<'e> Timetable<'e> {
    /// The times after `since`, up to which everything was taken in.
    pub(super) const fn new(schedule: Option<&'e Schedule>, since: Moment) -> Self {
        Self { schedule, since, open: false }
    }

    /// What a round that begins now does with the inbox. However many times lie between this round
    /// and the one before, as after a standstill, they are one.
    pub(super) fn intake(&mut self, now: Moment) -> Intake {
        let Some(schedule) = self.schedule else { return Intake::Open };
        // A clock that was set back does not keep the next time waiting.
        self.since = self.since.min(now);
        if schedule.next_after(self.since).is_some_and(|next| next <= now) {
            self.since = now;
            self.open = true;
            tracing::debug!(%schedule, "a scheduled time has come");
        }
        if self.open { Intake::Open } else { Intake::Closed }
    }

    /// What has begun goes on until all that stood there could be taken in; then gives up to when
    /// that is so.
    pub(super) fn after(&mut self, report: &PassReport, inbox: &Inbox) -> Option<Moment> {
        let is_done = self.open && !is_left(report, inbox);
        self.open &= !is_done;
        is_done.then_some(self.since)
    }

    /// How long until the next time; `None` = there is no schedule.
    pub(super) fn until_next(&self, now: Moment) -> Option<Duration> {
        let next = self.schedule?.next_after(self.since)?;
        Some((next - now).to_std().unwrap_or(Duration::ZERO))
    }
}

/// Whether a round has left something in the inbox that another look soon may take in.
fn is_left(report: &PassReport, inbox: &Inbox) -> bool {
    let is_waiting = |file: &FileOutcome| {
        let place = (&file.place.endpoint, &file.place.directory);
        matches!(file.verdict, Verdict::Waiting(_)) && place == (&inbox.endpoint, &inbox.directory)
    };
    report.failure.is_some()
        || report.low_space.is_some()
        || report.troubles.contains_key(&inbox.endpoint)
        || report.look_again
        || report.files.iter().any(is_waiting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, EXAMPLE};
    use crate::endpoint::EndpointError;
    use crate::fault::{Class, Code};
    use crate::store::{Place, Problem};
    use std::path::Path;

    fn moment(text: &str) -> Moment {
        text.parse().unwrap()
    }

    fn half_hours() -> Schedule {
        "*/30 * * * *".to_owned().try_into().unwrap()
    }

    fn inbox() -> Inbox {
        let config = Config::parse(EXAMPLE, "modregn.toml", Path::new("/")).unwrap();
        config.routes[0].inbox.clone()
    }

    #[test]
    fn without_a_schedule_it_is_always_time() {
        let mut always = Timetable::new(None, moment("2026-11-22T06:00:00Z"));
        for _ in 0..2 {
            assert_eq!(always.intake(moment("2026-11-22T06:00:01Z")), Intake::Open);
            assert_eq!(always.after(&PassReport::default(), &inbox()), None);
        }
        assert_eq!(always.until_next(moment("2026-11-22T06:00:01Z")), None);
    }

    #[test]
    fn each_time_is_one_look_and_a_standstill_over_several_is_one() {
        let schedule = half_hours();
        let mut times = Timetable::new(Some(&schedule), moment("2026-11-22T06:00:00Z"));
        let rounds = [
            ("06:00:00", Intake::Closed, 1800),
            ("06:29:59.9", Intake::Closed, 0),
            ("06:30:00", Intake::Open, 1800),
            ("06:30:01", Intake::Closed, 1799),
            // Nobody looked at the clock for hours.
            ("11:10:00", Intake::Open, 1200),
            ("11:10:01", Intake::Closed, 1199),
            ("11:30:00", Intake::Open, 1800),
            // The clock is set back, and goes on from there.
            ("09:50:00", Intake::Closed, 600),
            ("10:00:00", Intake::Open, 1800),
        ];
        for (at, intake, seconds) in rounds {
            let now = moment(&format!("2026-11-22T{at}Z"));
            assert_eq!(times.intake(now), intake, "{at}");
            let done = times.after(&PassReport::default(), &inbox());
            assert_eq!(done, (intake == Intake::Open).then_some(now), "{at}");
            assert_eq!(times.until_next(now).unwrap().as_secs(), seconds, "{at}");
        }
    }

    #[test]
    fn what_has_begun_goes_on_until_everything_is_taken_in() {
        let inbox = inbox();
        let problem = |class| Problem { class, code: Code::FileChanged, text: "…".to_owned() };
        let file = |directory: &str, verdict| {
            let place = Place {
                endpoint: inbox.endpoint.clone(),
                directory: directory.to_owned(),
                name: "a".to_owned(),
            };
            PassReport { files: vec![FileOutcome::new(place, verdict)], ..PassReport::default() }
        };
        let trouble = |endpoint: &str| {
            let (class, code) = (Class::Retry, Code::EndpointUnreachable);
            let error =
                EndpointError {
                    endpoint: endpoint.to_owned(), class, code, what: "…".to_owned()
                };
            let troubles = [(endpoint.to_owned(), error)].into();
            PassReport { troubles, ..PassReport::default() }
        };
        let there = inbox.directory.as_str();
        let rounds = [
            (PassReport { look_again: true, ..PassReport::default() }, true),
            (PassReport { low_space: Some(1), ..PassReport::default() }, true),
            (trouble(&inbox.endpoint), true),
            (file(there, Verdict::Waiting(problem(Class::Retry))), true),
            (PassReport::default(), false),
            (trouble("another"), false),
            (PassReport { incomplete: 1, ..PassReport::default() }, false),
            (file(there, Verdict::Held(problem(Class::Operator))), false),
            (file("another", Verdict::Waiting(problem(Class::Retry))), false),
        ];
        let schedule = half_hours();
        for (report, goes_on) in rounds {
            let mut times = Timetable::new(Some(&schedule), moment("2026-11-22T06:00:00Z"));
            assert_eq!(times.intake(moment("2026-11-22T06:30:00Z")), Intake::Open);
            assert_eq!(times.after(&report, &inbox).is_none(), goes_on, "{report:?}");
            let next = if goes_on { Intake::Open } else { Intake::Closed };
            assert_eq!(times.intake(moment("2026-11-22T06:30:05Z")), next, "{report:?}");
        }
    }
}
