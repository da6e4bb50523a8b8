//! The time of day, handed to whoever needs it: rooms below read no clock of their own.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Copenhagen;

/// Tells the time, UTC.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + jump()
    }
}

/// A moment as people in Denmark read it: local time, to the second.
pub fn danish(at: DateTime<Utc>) -> String {
    at.with_timezone(&Copenhagen).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// How far off the clock is made to be at this reading: `MODREGN_CLOCK_JUMPS=0,-3600,86400` goes
/// through these seconds, over and over. For tests; a release build has nothing of this.
#[cfg(debug_assertions)]
fn jump() -> chrono::TimeDelta {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    static JUMPS: LazyLock<Vec<i64>> = LazyLock::new(|| {
        let set = std::env::var("MODREGN_CLOCK_JUMPS").unwrap_or_default();
        set.split(',').filter_map(|seconds| seconds.parse().ok()).collect()
    });
    static READINGS: AtomicUsize = AtomicUsize::new(0);
    let reading = READINGS.fetch_add(1, Ordering::Relaxed);
    let seconds = JUMPS.get(reading % JUMPS.len().max(1)).copied().unwrap_or(0);
    chrono::TimeDelta::try_seconds(seconds).unwrap_or_default()
}

#[cfg(not(debug_assertions))]
const fn jump() -> chrono::TimeDelta {
    chrono::TimeDelta::zero()
}
