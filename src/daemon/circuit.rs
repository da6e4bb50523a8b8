//! When trouble that passes by itself is looked at again: after a pause that doubles, up to a
//! limit, and is never the same for two of them, so that what failed together does not come back
//! together.
use super::pulse::OpenCircuit;
use crate::endpoint::EndpointError;
use crate::fault::Class;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// First pause after trouble; doubled with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// The pause after so many failures in a row, from 1: three quarters to five quarters of the
/// doubled one, by the random bits of `of`.
pub(super) fn pause_after(failures: u32, of: Uuid) -> Duration {
    let doubled = FIRST_PAUSE * 2_u32.pow(failures.saturating_sub(1).min(10));
    let random = u32::from_be_bytes(*of.as_bytes().last_chunk().unwrap_or(&[0; 4]));
    doubled.min(LONGEST_PAUSE) * (768 + random % 512) / 1024
}

/// The endpoints that gave passing trouble, for all routes: one that does not answer is asked by
/// one route at a time, and ever more seldom.
#[derive(Debug, Default)]
pub(super) struct Circuits(Mutex<BTreeMap<String, Circuit>>);

#[derive(Debug)]
struct Circuit {
    failures: u32,
    open_until: Instant,
    last: EndpointError,
}

impl Circuits {
    /// An endpoint gave trouble. Further trouble while it is left alone is the same trouble still.
    pub(super) fn failed(&self, error: &EndpointError, now: Instant) {
        if error.class != Class::Retry {
            return;
        }
        let mut circuits = self.locked();
        let before = circuits.get(&error.endpoint);
        if before.is_some_and(|circuit| now < circuit.open_until) {
            return;
        }
        let failures = before.map_or(1, |circuit| circuit.failures.saturating_add(1));
        let open_until = now + pause_after(failures, Uuid::now_v7());
        let circuit = Circuit { failures, open_until, last: error.clone() };
        circuits.insert(error.endpoint.clone(), circuit);
    }

    /// The endpoints that are left alone at `now`, by name.
    pub(super) fn open(&self, now: Instant) -> Vec<OpenCircuit> {
        let circuits = self.locked();
        let open = circuits.values().filter(|circuit| now < circuit.open_until);
        open.map(|circuit| OpenCircuit {
            trouble: circuit.last.clone(),
            failures: circuit.failures,
            reopens_in: circuit.open_until - now,
        })
        .collect()
    }

    /// Asks every endpoint again.
    pub(super) fn forget(&self) {
        self.locked().clear();
    }

    /// An endpoint answered.
    pub(super) fn well(&self, endpoint: &str) {
        self.locked().remove(endpoint);
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, Circuit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Code;

    fn trouble(class: Class) -> EndpointError {
        let (endpoint, code) = ("ky".to_owned(), Code::EndpointTimeout);
        EndpointError { endpoint, class, code, what: "no answer in 30 s".to_owned() }
    }

    #[test]
    fn pauses_double_to_a_limit_and_differ() {
        let bounds = [(1, 5), (2, 10), (5, 80), (9, 900), (99, 900)];
        for (failures, seconds) in bounds {
            let (least, most) = (Uuid::nil(), Uuid::from_u128(511));
            let whole = Duration::from_secs(seconds);
            assert_eq!(pause_after(failures, least), whole * 3 / 4);
            assert_eq!(pause_after(failures, most), whole * 1279 / 1024);
        }
    }

    #[test]
    fn an_endpoint_is_left_alone_ever_longer_until_it_answers() {
        let circuits = Circuits::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        circuits.failed(&trouble(Class::Operator), start);
        assert!(circuits.open(start).is_empty(), "an operator's turn is no passing trouble");
        circuits.failed(&trouble(Class::Retry), start);
        circuits.failed(&trouble(Class::Retry), at(1));
        assert_eq!(circuits.open(at(3)).len(), 1);
        assert_eq!(circuits.open(at(7)).len(), 0, "the second was the same trouble");
        circuits.failed(&trouble(Class::Retry), at(8));
        assert_eq!(circuits.open(at(15)).len(), 1, "twice as long");
        circuits.well("ky");
        assert!(circuits.open(at(15)).is_empty());
    }
}
