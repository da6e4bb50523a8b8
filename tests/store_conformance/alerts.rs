//! Alerts: raised once, handed over by one process at a time, until every hook has taken them.

use crate::Bench;
use crate::samples::{at, now};
use modregn::fault::AlertKind;
use modregn::store::{Alert, AlertCount, Concern, HandedOver, Store};

fn concern(kind: AlertKind, subject: &str) -> Concern {
    Concern {
        kind,
        subject: subject.into(),
        since: at("2026-11-20T07:00:00Z"),
        text: format!("{subject} is wrong"),
        next: "modregn status".into(),
    }
}

fn numbers(alerts: &[Alert]) -> Vec<i64> {
    alerts.iter().map(|alert| alert.nr).collect()
}

pub(crate) fn an_alert_is_raised_once_and_told_in_the_log(bench: &dyn Bench) {
    let mut store = bench.open();
    let kinds = [AlertKind::FileRejected, AlertKind::EndpointPaused];
    let both = kinds.map(|kind| concern(kind, "a"));
    let raised = store.raise(&both, now()).unwrap();
    let concerns: Vec<_> = raised.iter().map(|alert| alert.concern.clone()).collect();
    assert_eq!(concerns, both, "the kind belongs to what an alert is known by");
    assert!(raised.iter().all(|alert| alert.raised_at == now() && alert.sent_at.is_none()));
    assert_eq!(store.verify().unwrap().events, 2);

    let later = at("2026-11-22T07:00:00Z");
    let again = Concern { text: "told otherwise".into(), ..both[0].clone() };
    assert_eq!(bench.open().raise(&[again, both[1].clone()], later).unwrap(), []);
    let third = concern(kinds[0], "b");
    let raised = store.raise(&[both[0].clone(), third.clone(), third.clone()], later).unwrap();
    assert_eq!(raised.len(), 1);
    assert_eq!(raised[0].concern, third);
    let newest = store.alerts(2).unwrap();
    assert_eq!(newest[0], raised[0]);
    assert_eq!(newest[1].concern, both[1]);
    assert_eq!(store.alerts(9).unwrap()[2].concern.text, "a is wrong", "the first words stay");
    let audit = store.verify().unwrap();
    assert_eq!((audit.events, audit.findings), (3, Vec::new()));
}

pub(crate) fn an_alert_is_handed_over_by_one_process(bench: &dyn Bench) {
    let (mut store, mut other) = (bench.open(), bench.open());
    let (one, two) = (store.enlist("one", now()).unwrap(), other.enlist("two", now()).unwrap());
    let concerns = ["a", "b"].map(|subject| concern(AlertKind::FileRejected, subject));
    let nrs = numbers(&store.raise(&concerns, now()).unwrap());
    let mine = store.claim_alerts(&nrs[..1], one).unwrap();
    assert_eq!(numbers(&mine), nrs[..1]);
    assert_eq!(numbers(&other.claim_alerts(&nrs, two).unwrap()), nrs[1..]);
    assert_eq!(store.claim_alerts(&nrs, one).unwrap(), mine, "it is mine already");
    other.settle_alerts(&nrs[..1], two, HandedOver::Sent, now()).unwrap();
    assert_eq!(store.unsent_alerts().unwrap().len(), 2, "it was not two's");

    other.settle_alerts(&nrs[1..], two, HandedOver::NotTried, now()).unwrap();
    assert_eq!(store.claim_alerts(&nrs[1..], one).unwrap()[0].attempts, 0);
    store.retire(one, now()).unwrap();
    assert_eq!(numbers(&other.claim_alerts(&nrs, two).unwrap()), nrs, "what the dead had is free");
}

pub(crate) fn an_alert_is_told_again_until_it_is_sent(bench: &dyn Bench) {
    let mut store = bench.open();
    let node = store.enlist("one", now()).unwrap();
    let nrs = numbers(&store.raise(&[concern(AlertKind::FileRejected, "a")], now()).unwrap());
    for attempts in 1..=2 {
        store.claim_alerts(&nrs, node).unwrap();
        store.alerts_taken(&nrs, "mail", now()).unwrap();
        store.settle_alerts(&nrs, node, HandedOver::Failed, now()).unwrap();
        let waiting = bench.open().unsent_alerts().unwrap();
        assert_eq!((waiting[0].attempts, waiting[0].tried_at), (attempts, Some(now())));
        assert_eq!(waiting[0].taken_by.iter().collect::<Vec<_>>(), ["mail"]);
    }
    let counted = |store: &dyn Store| store.count_alerts().unwrap();
    let kind = AlertKind::FileRejected;
    assert_eq!(counted(&*store), [AlertCount { kind, raised: 1, unsent: 1 }]);
    let sent_at = at("2026-11-22T07:00:00Z");
    store.claim_alerts(&nrs, node).unwrap();
    store.alerts_taken(&nrs, "pager", sent_at).unwrap();
    store.settle_alerts(&nrs, node, HandedOver::Sent, sent_at).unwrap();
    assert_eq!(store.unsent_alerts().unwrap(), []);
    let sent = store.alerts(1).unwrap().remove(0);
    assert_eq!((sent.sent_at, sent.attempts), (Some(sent_at), 2));
    assert_eq!(sent.taken_by.iter().collect::<Vec<_>>(), ["mail", "pager"]);
    assert_eq!(store.claim_alerts(&nrs, node).unwrap(), [], "it is done");
    assert_eq!(counted(&*store), [AlertCount { kind, raised: 1, unsent: 0 }]);
}
