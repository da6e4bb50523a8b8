//! One pass over everything that waits, routes side by side: what `batch` and `demo` do.

use super::pass::{Intake, Observer, PassReport, Retry, RouteRunner};
use super::{Engine, alerts};
use std::thread;

/// Does every route's round once, whatever its schedule, and a second look at files that were not
/// complete at the first; then says what is wrong. Reports come after requests: theirs may wait
/// beside them.
pub fn batch(engine: &Engine, observer: &dyn Observer) -> PassReport {
    let routes = 0..engine.config().routes.len();
    let (reports, requests): (Vec<_>, Vec<_>) =
        routes.partition(|route| engine.flow(*route).in_order());
    let mut report = side_by_side(engine, &requests, observer);
    if report.failure.is_none() {
        report.merge(side_by_side(engine, &reports, observer));
    }
    if let Err(error) = alerts::evaluate(engine, Retry::Now) {
        report.failure.get_or_insert(error);
    }
    report
}

fn side_by_side(engine: &Engine, routes: &[usize], observer: &dyn Observer) -> PassReport {
    thread::scope(|scope| {
        let routes: Vec<_> = routes
            .iter()
            .map(|&route| scope.spawn(move || one_route(engine, route, observer)))
            .collect();
        let mut whole = PassReport::default();
        for route in routes {
            match route.join() {
                Ok(report) => whole.merge(report),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        whole
    })
}

fn one_route(engine: &Engine, route: usize, observer: &dyn Observer) -> PassReport {
    let mut runner = RouteRunner::new(engine, route);
    let mut report = runner.pass(Retry::Now, Intake::Open, observer);
    if let Some(pause) = runner.next_look()
        && report.failure.is_none()
    {
        thread::sleep(pause);
        report.incomplete = 0;
        report.merge(runner.pass(Retry::WhenDue, Intake::Open, observer));
    }
    report
}
