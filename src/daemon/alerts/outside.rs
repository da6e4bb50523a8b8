//! What others noticed and we are to tell of, such as systemd of a unit: kept and told as what we
//! notice ourselves or, where the store is what is broken, told without it.

use super::message::Message;
use super::{Tried, hand_over, tell};
use crate::config::Config;
use crate::daemon::{Engine, Retry};
use crate::store::{Alert, Concern, Moment};
use crate::transfer::TransferError;
use std::collections::BTreeSet;

/// Keeps this in the store and hands it over, beside whoever works.
pub fn raise(engine: &Engine, concern: &Concern) -> Result<(), TransferError> {
    let desk = engine.desk();
    desk.store().raise(std::slice::from_ref(concern), desk.now())?;
    hand_over(engine, Retry::Now)
}

/// Tells every hook that wants its kind of this, once, without the store.
pub fn tell_unkept<'c>(config: &'c Config, concern: &Concern, now: Moment) -> Vec<Tried<'c>> {
    let concern = concern.clone();
    let (kind, sent_at, tried_at, taken_by) = (concern.kind, None, None, BTreeSet::new());
    let alert = Alert { nr: 0, concern, raised_at: now, sent_at, attempts: 0, tried_at, taken_by };
    let message = Message::new(config.miljoe, now, kind, &[&alert]);
    let hooks = config.alerts.hooks.iter().filter(|hook| hook.wants(kind));
    hooks.map(|hook| (hook, tell(hook, &message))).collect()
}
