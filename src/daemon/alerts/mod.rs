//! Alerts: what is wrong is looked for in the store, raised once, and handed to the programs of
//! the configuration until each has taken it. Nothing of it keeps a file waiting.

mod concerns;
mod debitor;
mod hook;
mod message;
mod outside;
mod payouts;

use super::circuit::pause_after;
use super::{Engine, Retry, deadlines};
use crate::config::Hook;
use crate::crash::{self, Point};
use crate::fault::AlertKind;
use crate::store::{Alert, HandedOver, Moment};
use crate::transfer::TransferError;
use message::Message;
use std::collections::BTreeSet;
use uuid::Uuid;

pub use hook::HookError;
pub use outside::{raise, tell_unkept};

/// Notes what has stayed out, raises what was not raised before, and hands over what no hook or not
/// every hook has taken: all of it, or what is due after earlier tries. Others may do the same at
/// the same time.
pub fn evaluate(engine: &Engine, retry: Retry) -> Result<(), TransferError> {
    engine.take_over()?;
    deadlines::note_passed(engine)?;
    let concerns = concerns::concerns(engine)?;
    let desk = engine.desk();
    let raised = desk.store().raise(&concerns, desk.now())?;
    for Alert { concern, .. } in &raised {
        let (kind, subject, next) = (concern.kind, &concern.subject, &concern.next);
        tracing::warn!(alert = %kind, subject, next, "{}", concern.text);
    }
    crash::reached(Point::AlertRaised);
    hand_over(engine, retry)
}

/// What came of telling a hook something that is only a test.
pub type Tried<'e> = (&'e Hook, Result<(), HookError>);

/// Tells every hook that this is a test; nothing is raised or noted for it.
pub fn test<'e>(engine: &'e Engine, who: &str, why: &str) -> Vec<Tried<'e>> {
    let (config, now) = (engine.config(), engine.desk().now());
    let message = Message::test(config.miljoe, now, who, why);
    config.alerts.hooks.iter().map(|hook| (hook, tell(hook, &message))).collect()
}

fn hand_over(engine: &Engine, retry: Retry) -> Result<(), TransferError> {
    let desk = engine.desk();
    let now = desk.now();
    let mut waiting = desk.store().unsent_alerts()?;
    waiting.retain(|alert| retry == Retry::Now || is_due(alert, now));
    for &kind in AlertKind::ALL {
        let of_kind = waiting.iter().filter(|alert| alert.concern.kind == kind);
        let nrs: Vec<_> = of_kind.map(|alert| alert.nr).collect();
        if !nrs.is_empty() && !engine.is_stopping() {
            let alerts = desk.store().claim_alerts(&nrs, desk.node)?;
            hand_kind_over(engine, kind, &alerts)?;
        }
    }
    Ok(())
}

/// Hands over alerts of one kind, all that a hook has not taken in one message.
fn hand_kind_over(engine: &Engine, kind: AlertKind, alerts: &[Alert]) -> Result<(), TransferError> {
    let desk = engine.desk();
    let (mut not_taken, mut not_tried) = (BTreeSet::new(), BTreeSet::new());
    for hook in engine.config().alerts.hooks.iter().filter(|hook| hook.wants(kind)) {
        let missing: Vec<&Alert> =
            alerts.iter().filter(|alert| !alert.taken_by.contains(&hook.name)).collect();
        let nrs: Vec<_> = missing.iter().map(|alert| alert.nr).collect();
        if missing.is_empty() {
            continue;
        }
        if engine.is_stopping() {
            not_tried.extend(nrs);
            continue;
        }
        let message = Message::new(engine.config().miljoe, desk.now(), kind, &missing);
        match tell(hook, &message) {
            Ok(()) => {
                crash::reached(Point::AlertTaken);
                desk.store().alerts_taken(&nrs, &hook.name, desk.now())?;
            }
            Err(error) => {
                let (alert, hook) = (kind.as_str(), &hook.name);
                tracing::error!(alert, hook, "{error}; it is told again after a pause");
                not_taken.extend(nrs);
            }
        }
    }
    let outcome = |alert: &Alert| {
        if not_taken.contains(&alert.nr) {
            HandedOver::Failed
        } else if not_tried.contains(&alert.nr) {
            HandedOver::NotTried
        } else {
            HandedOver::Sent
        }
    };
    for end in [HandedOver::Sent, HandedOver::Failed, HandedOver::NotTried] {
        let ending = alerts.iter().filter(|alert| outcome(alert) == end);
        let nrs: Vec<_> = ending.map(|alert| alert.nr).collect();
        if !nrs.is_empty() {
            desk.store().settle_alerts(&nrs, desk.node, end, desk.now())?;
        }
    }
    Ok(())
}

fn tell(hook: &Hook, message: &Message) -> Result<(), HookError> {
    hook::run(hook, message.kind(), message.for_stdin(&hook.stdin).as_bytes())
}

/// Whether an alert's pause is over. A clock that was set back ends it too.
fn is_due(alert: &Alert, now: Moment) -> bool {
    let Some(tried_at) = alert.tried_at else { return true };
    let pause = pause_after(alert.attempts, Uuid::nil());
    (now - tried_at).to_std().map_or(true, |since| since >= pause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Concern;
    use chrono::TimeDelta;

    #[test]
    fn a_hook_that_fails_is_told_again_ever_more_seldom() {
        let at: Moment = "2026-11-22T05:00:00Z".parse().unwrap();
        let concern = Concern {
            kind: AlertKind::DiskNearlyFull,
            subject: String::new(),
            since: at,
            text: String::new(),
            next: String::new(),
        };
        let (sent_at, taken_by) = (None, BTreeSet::new());
        let new =
            Alert { nr: 1, concern, raised_at: at, sent_at, attempts: 0, tried_at: None, taken_by };
        assert!(is_due(&new, at));
        // By three quarters of 5 s, 10 s, … 15 min.
        for (attempts, millis) in [(1, 3_750), (2, 7_500), (9, 675_000), (1_000_000, 675_000)] {
            let tried = Alert { attempts, tried_at: Some(at), ..new.clone() };
            assert!(!is_due(&tried, at + TimeDelta::milliseconds(millis - 1)), "{attempts}");
            assert!(is_due(&tried, at + TimeDelta::milliseconds(millis)), "{attempts}");
            assert!(is_due(&tried, at - TimeDelta::milliseconds(1)), "the clock was set back");
        }
    }
}
