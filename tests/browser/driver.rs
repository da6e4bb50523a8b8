//! A headless Chromium, driven by chromedriver over its own small protocol (WebDriver, and Chrome's
//! own commands where that has none).

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Which of the two schemes the browser's user likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

/// A browser with one window; ended with the test, whatever comes of it.
pub(crate) struct Chromium {
    driver: Child,
    port: u16,
    session: String,
    /// Its profile, and everything it leaves behind.
    profile: TempDir,
}

/// How long a page may take to become what a test waits for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the driver calls the key.
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";

/// axe-core, as `tools/setup test` has fetched it.
pub(crate) fn axe() -> String {
    let path = root().join("target/tools/browser/node_modules/axe-core/axe.min.js");
    fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}: run tools/setup test", path.display()))
}

/// The project.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

impl Chromium {
    /// Starts one.
    pub(crate) fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver: {error}: run tools/setup test"));
        let said = BufReader::new(driver.stdout.take().unwrap());
        let port = said.lines().map(Result::unwrap).find_map(|line| {
            let port = line.split("successfully on port ").nth(1)?;
            port.trim_end_matches('.').parse().ok()
        });
        let port = port.expect("chromedriver says its port");
        let profile = TempDir::with_prefix("modregn-chromium-").unwrap();
        let mut browser = Self { driver, port, session: String::new(), profile };
        let data = format!("--user-data-dir={}", browser.profile.path().display());
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--window-size=1440,1000",
            &data,
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        } } });
        let session = browser.call("POST", "/session", &wanted);
        browser.session = format!("/session/{}", session["sessionId"].as_str().unwrap());
        browser
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(method, path, &body.to_string()).unwrap();
        assert_eq!(status, 200, "{method} {path}: {answer}");
        let mut value: Value = serde_json::from_str(&answer).unwrap();
        value["value"].take()
    }

    /// One request on a connection of its own; the driver keeps those open, so that the answer's
    /// length says where it ends.
    fn ask(&self, method: &str, path: &str, body: &str) -> std::io::Result<(u16, String)> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}",
            self.port
        )?;
        let mut answer = BufReader::new(stream);
        let (mut status, mut length, mut line) = (0, 0, String::new());
        while answer.read_line(&mut line)? > 2 {
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest.split(' ').next().unwrap_or_default().parse().unwrap_or(0);
            } else if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
            line.clear();
        }
        let mut text = vec![0; length];
        answer.read_exact(&mut text)?;
        Ok((status, String::from_utf8_lossy(&text).into_owned()))
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", &format!("{}{path}", self.session), body)
    }

    /// A command of Chrome's own.
    pub(crate) fn chrome(&self, command: &str, params: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": params }))
    }

    /// Goes to an address and waits until the page is there.
    pub(crate) fn go(&self, address: &str) {
        self.post("/url", &json!({ "url": address }));
    }

    /// What a script returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// What a script hands to its last argument, in its own time.
    pub(crate) fn wait_for(&self, script: &str) -> Value {
        self.post("/execute/async", &json!({ "script": script, "args": [] }))
    }

    /// Waits until a script returns true.
    pub(crate) fn until(&self, script: &str) {
        let begun = Instant::now();
        while self.run(script) != Value::Bool(true) {
            assert!(begun.elapsed() < PATIENCE, "never: {script}\n{}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Presses keys, one after the other, wherever the focus is.
    pub(crate) fn press(&self, keys: &str) {
        let all = keys.chars().flat_map(|key| {
            let key = key.to_string();
            [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })]
        });
        let all: Vec<_> = all.collect();
        let actions = json!([{ "type": "key", "id": "keyboard", "actions": all }]);
        self.post("/actions", &json!({ "actions": actions }));
    }

    /// The page's words.
    pub(crate) fn text(&self) -> String {
        self.run("return document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// Shows pages as somebody sees them who likes this scheme.
    pub(crate) fn like(&self, scheme: Scheme) {
        let value = if scheme == Scheme::Dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.chrome("Emulation.setEmulatedMedia", &json!({ "media": "", "features": features }));
    }

    /// Shows pages as they come out of a printer, or as before.
    pub(crate) fn print(&self, is_printed: bool) {
        let media = if is_printed { "print" } else { "" };
        self.chrome("Emulation.setEmulatedMedia", &json!({ "media": media, "features": [] }));
    }

    /// How wide the window is, CSS pixels.
    pub(crate) fn width(&self, width: u32) {
        let size = json!({
            "width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": false,
        });
        self.chrome("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Signs in as a proxy would, or as nobody.
    pub(crate) fn sign_in(&self, user: Option<&str>) {
        let headers = user.map_or(json!({}), |user| json!({ "X-Remote-User": user }));
        self.chrome("Network.enable", &json!({}));
        self.chrome("Network.setExtraHTTPHeaders", &json!({ "headers": headers }));
    }

    /// Pages run no script of theirs from here on, or do again.
    pub(crate) fn scripts(&self, are_run: bool) {
        let params = json!({ "value": !are_run });
        self.chrome("Emulation.setScriptExecutionDisabled", &params);
    }

    /// What was logged since it was asked the last time: the console's lines, and every address
    /// that was asked for.
    pub(crate) fn logged(&self) -> (Vec<String>, Vec<String>) {
        let lines = |kind: &str| self.post("/se/log", &json!({ "type": kind }));
        let message = |line: &Value| line["message"].as_str().unwrap().to_owned();
        let console = lines("browser").as_array().unwrap().iter().map(message).collect();
        let events = lines("performance");
        let asked = events.as_array().unwrap().iter().filter_map(|line| {
            let event: Value = serde_json::from_str(line["message"].as_str()?).ok()?;
            let event = &event["message"];
            let is_request = event["method"] == "Network.requestWillBeSent";
            is_request.then(|| event["params"]["request"]["url"].as_str().map(str::to_owned))?
        });
        (console, asked.collect())
    }

    /// Keeps a picture of the whole page, to be looked at.
    pub(crate) fn picture(&self, name: &str) {
        let size = self.chrome("Page.getLayoutMetrics", &json!({}));
        let height = size["cssContentSize"]["height"].as_f64().unwrap().min(2200.0);
        let width = size["cssContentSize"]["width"].as_f64().unwrap();
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let params = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.chrome("Page.captureScreenshot", &params);
        let picture = picture["data"].as_str().unwrap();
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
        fs::create_dir_all(&directory).unwrap();
        let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, picture).unwrap();
        fs::write(directory.join(format!("{name}.png")), bytes).unwrap();
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Ends the browser too; one that has ended already is fine.
        let _ = self.ask("DELETE", &self.session, "");
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
