//! The status page in a real browser (headless Chromium): can everybody use it? Every page in both
//! languages, by day and by night, by keyboard alone, without scripts, on a narrow screen and on
//! paper. Pictures of it go to `browser/` in the target's tmp, to be looked at.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod driver;
mod scene;
#[path = "../support/mod.rs"]
mod support;

use driver::{Chromium, ENTER, Scheme, TAB};
use scene::{PAYOUT, Scene};
use serde_json::Value;
use std::collections::BTreeSet;

/// Every page that there is, by a name for its picture.
fn pages(scene: &Scene) -> Vec<(&'static str, String)> {
    vec![
        ("payout", "/".to_owned()),
        ("payout-next", "/payout/2026-12-30".to_owned()),
        ("files", "/files".to_owned()),
        ("files-none", "/files?kommune=0860".to_owned()),
        ("file-held", format!("/files/{}", scene.standing("held"))),
        ("file-rejected", format!("/files/{}", scene.standing("rejected"))),
        ("expectations", format!("/expectations?dispositionsdato={PAYOUT}")),
        ("debitor", "/debitor".to_owned()),
        ("debitor-rejected", "/debitor/rejected?aarsag=1004".to_owned()),
        ("system", "/system".to_owned()),
    ]
}

/// In the language, with what was counted on it.
fn address(scene: &Scene, path: &str, language: &str) -> String {
    let and = if path.contains('?') { '&' } else { '?' };
    format!("{}{path}{and}lang={language}", scene.site)
}

/// Waits until the figures are counted: from then on pages stay as they are.
fn counted(scene: &Scene, browser: &Chromium) {
    for path in ["/expectations", "/debitor"] {
        for _ in 0..600 {
            browser.go(&address(scene, path, "en"));
            if !browser.text().contains("still being counted") {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
}

/// What axe-core finds against WCAG 2.2 AA, or against one of its rules.
fn violations(browser: &Chromium, axe: &str, only: Option<&str>) -> Vec<String> {
    browser.run(&format!("{axe};return true"));
    let run = match only {
        Some(rule) => format!("{{ type: 'rule', values: ['{rule}'] }}"),
        None => "{ type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }"
            .to_owned(),
    };
    let found = browser.wait_for(&format!(
        "const done = arguments[arguments.length - 1];
         axe.run(document, {{ runOnly: {run} }})
             .then((result) => done(result.passes.length === 0 ? ['nothing was looked at']
                 : result.violations.map((one) => one.id + ': '
                     + one.nodes.map((node) => node.html + ' ' + node.failureSummary).join('\\n'))))
             .catch((error) => done([String(error)]));"
    ));
    let found = found.as_array().unwrap().iter();
    found.map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_page_is_for_everybody_in_both_languages_by_day_and_by_night() {
    let scene = Scene::new();
    let browser = Chromium::start();
    let axe = driver::axe();
    browser.sign_in(Some("anna"));
    counted(&scene, &browser);
    browser.logged();
    let mut findings = Vec::new();
    for (name, path) in pages(&scene) {
        for language in ["da", "en"] {
            for scheme in [Scheme::Light, Scheme::Dark] {
                browser.like(scheme);
                browser.go(&address(&scene, &path, language));
                assert_eq!(browser.run("return document.documentElement.lang"), language);
                assert!(!browser.text().contains("That did not work"), "{path}");
                // By night only colours are others.
                let only = (scheme == Scheme::Dark).then_some("color-contrast");
                let here = format!("{path} {language} {scheme:?}");
                let found = violations(&browser, &axe, only).into_iter();
                findings.extend(found.map(|one| format!("{here}: {one}")));
                let (console, asked) = browser.logged();
                findings.extend(console.into_iter().map(|line| format!("{here}: {line}")));
                let elsewhere = asked.into_iter().filter(|it| !it.starts_with(&scene.site));
                findings.extend(elsewhere.map(|it| format!("{here}: asks for {it}")));
                if (language == "da") == (scheme == Scheme::Dark) {
                    browser.picture(&format!("{name}-{language}-{scheme:?}").to_lowercase());
                }
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n\n"));
}

/// What has the focus: its name, or its words, and whether that can be seen.
const FOCUSED: &str = "
    const at = document.activeElement;
    const style = getComputedStyle(at), shape = at.querySelector && at.querySelector('rect');
    const isSeen = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0)
        || (shape && parseFloat(getComputedStyle(shape).strokeWidth) >= 5);
    return [at === document.body ? '' : at.tagName.toLowerCase() + ' '
        + (at.getAttribute('aria-label') || at.id || at.textContent.trim()), Boolean(isSeen)];";

/// Presses Tab until the page ends; what had the focus, in that order.
fn walk(browser: &Chromium) -> Vec<String> {
    let mut reached: Vec<String> = Vec::new();
    for _ in 0..600 {
        browser.press(TAB);
        let focused = browser.run(FOCUSED);
        let name = focused[0].as_str().unwrap().to_owned();
        if name.is_empty() || (reached.len() > 3 && reached.first() == Some(&name)) {
            return reached;
        }
        assert_eq!(focused[1], Value::Bool(true), "{name} has the focus, and shows nothing");
        reached.push(name);
    }
    panic!("the keyboard never gets out: {reached:?}");
}

#[test]
fn the_keyboard_alone_gets_everywhere() {
    let scene = Scene::new();
    let browser = Chromium::start();
    browser.sign_in(Some("anna"));
    counted(&scene, &browser);
    browser.go(&address(&scene, "/", "en"));
    let reached = walk(&browser);
    assert!(reached[0].contains("Skip to the content"), "{reached:?}");
    let all: BTreeSet<_> = reached.iter().map(String::as_str).collect();
    for wanted in ["a Files", "a System", "a Dansk", "a København: reported", "a Aarhus"] {
        let is_there = all.iter().any(|name| name.starts_with(wanted));
        assert_eq!(is_there, wanted != "a Aarhus", "{wanted} in {reached:?}");
    }
    // Past the menu at once.
    browser.go(&address(&scene, "/", "en"));
    browser.press(TAB);
    browser.press(ENTER);
    browser.until("return document.activeElement.id === 'content'");
    // From the first problem to its file.
    browser.go(&address(&scene, "/", "en"));
    while !browser.run(FOCUSED)[0].as_str().unwrap().starts_with("a See the file") {
        browser.press(TAB);
    }
    browser.press(ENTER);
    browser.until("return location.pathname.startsWith('/files/')");
    // A tile leads to its line.
    browser.go(&address(&scene, "/", "en"));
    while !browser.run(FOCUSED)[0].as_str().unwrap().starts_with("a Ballerup") {
        browser.press(TAB);
    }
    browser.press(ENTER);
    browser.until("return document.querySelector('tr:target')?.id === 'k0151'");
    // A filter, filled in and sent.
    browser.go(&address(&scene, "/debitor/rejected", "en"));
    while !browser.run(FOCUSED)[0].as_str().unwrap().starts_with("select aarsag") {
        browser.press(TAB);
    }
    browser.press("1004");
    browser.press(TAB);
    browser.press(ENTER);
    browser.until("return location.search.includes('aarsag=1004')");
    assert!(browser.text().contains("class not in the sortiment"), "{}", browser.text());
    // An operator releases what is held.
    let held = scene.standing("held");
    browser.go(&address(&scene, &format!("/files/{held}"), "en"));
    while !browser.run(FOCUSED)[0].as_str().unwrap().starts_with("input reason") {
        browser.press(TAB);
    }
    browser.press("the municipality has confirmed it");
    while !browser.run(FOCUSED)[0].as_str().unwrap().starts_with("button Release") {
        browser.press(TAB);
    }
    browser.press(ENTER);
    browser.until("return document.body.innerText.includes('the municipality has confirmed it')");
    let shown = scene.installation.done(&["files", "show", &held]);
    assert!(shown.contains("anna") && shown.contains("has confirmed it"), "{shown}");
}

#[test]
fn without_scripts_on_a_narrow_screen_and_on_paper_it_is_all_there() {
    let scene = Scene::new();
    let browser = Chromium::start();
    browser.sign_in(Some("bo"));
    counted(&scene, &browser);
    browser.width(320);
    for (name, path) in pages(&scene) {
        browser.go(&address(&scene, &path, "da"));
        let width = browser.run("return document.documentElement.scrollWidth");
        assert!(width.as_u64().unwrap() <= 320, "{path} is {width} wide");
        browser.picture(&format!("{name}-narrow"));
    }
    browser.width(1000);
    browser.print(true);
    for (name, path) in pages(&scene) {
        browser.go(&address(&scene, &path, "da"));
        let shown = "return [...document.querySelectorAll('.top nav, form, .skip')]
            .filter((one) => one.getClientRects().length > 0).map((one) => one.outerHTML)";
        assert_eq!(browser.run(shown), serde_json::json!([]), "{path} prints what nobody can use");
        browser.picture(&format!("{name}-print"));
    }
    browser.print(false);
    let with: Vec<_> =
        pages(&scene).iter().map(|(_, path)| words(&scene, &browser, path)).collect();
    browser.scripts(false);
    for ((_, path), with) in pages(&scene).iter().zip(with) {
        assert_eq!(words(&scene, &browser, path), with, "{path}");
    }
}

/// What a page's content says, but for the time of day.
fn words(scene: &Scene, browser: &Chromium, path: &str) -> Vec<String> {
    browser.go(&address(scene, path, "en"));
    let text = browser.run("return document.querySelector('main').innerText");
    let lines = text.as_str().unwrap().lines().filter(|line| {
        let moves = ["Shown as of", "were counted", "Counted", " min", "free", "beat", "ago"];
        !moves.iter().any(|word| line.contains(word))
    });
    let lines: Vec<_> = lines.map(str::to_owned).collect();
    assert!(lines.len() > 2, "{path}: {lines:?}");
    lines
}
