//! A real Chromium under a real chromedriver, headless, with a profile of its own and no talk with anybody but the test.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use axum::http::Method;
use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

use super::offspring::{Offspring, is_root, mortal};
use super::pictures;
use super::wait::{DEADLINE, in_time};

pub struct Browser {
    /// The session; its calls are those of a person at the screen.
    pub page: Client,
    driver: Offspring,
    profile: TempDir,
}

impl Browser {
    /// Starts driver and browser. Certificates of the tests' own authorities are accepted.
    pub async fn start() -> Self {
        let profile = tempfile::Builder::new().prefix("loket-browser-").tempdir().expect("a temporary folder");
        let mut command = mortal("/usr/bin/chromedriver");
        let (reader, writer) = std::io::pipe().expect("a pipe");
        command.arg("--port=0").stdin(Stdio::null()).stdout(writer).stderr(Stdio::null());
        // Chromium keeps caches and settings in the home folder beside its profile.
        command
            .env("HOME", profile.path())
            .env("XDG_CONFIG_HOME", profile.path())
            .env("XDG_CACHE_HOME", profile.path());
        let driver = Offspring::start(&mut command);
        drop(command);
        let port = in_time("chromedriver's port", tokio::task::spawn_blocking(move || announced_port(reader)))
            .await
            .expect("reading a pipe does not panic");
        let connector = HttpConnector::new();
        let page = in_time(
            "the browser",
            ClientBuilder::new(connector)
                .capabilities(capabilities(&profile))
                .connect(&format!("http://127.0.0.1:{port}")),
        )
        .await
        .expect("chromedriver starts Chromium");
        Self { page, driver, profile }
    }

    pub async fn open(&self, url: &str) {
        in_time("the page", self.page.goto(url)).await.expect("the desk answers");
        pictures::keep(self).await;
    }

    /// Types into a field.
    pub async fn fill(&self, field: &str, text: &str) {
        let element = self.reached(field).await;
        in_time("the field", element.send_keys(text)).await.expect("it takes keys");
    }

    /// Presses a button; what comes of it is waited for by [`Browser::reached`].
    pub async fn press(&self, button: &str) {
        let element = self.reached(button).await;
        pictures::keep(self).await;
        in_time("the button", element.click()).await.expect("it can be pressed");
    }

    /// Waits until an element is on the page.
    pub async fn reached(&self, element: &str) -> Element {
        let wait = self.page.wait().at_most(DEADLINE);
        match wait.for_element(Locator::Css(element)).await {
            Ok(element) => element,
            Err(why) => {
                let url = self.page.current_url().await.map(|url| url.path().to_owned()).unwrap_or_default();
                panic!("no {element} on {}: {why}", url.split('/').nth(1).unwrap_or_default())
            }
        }
    }

    /// Waits until the browser shows this address.
    pub async fn arrived(&self, url: &str) {
        let url = url.parse().expect("an address");
        self.page.wait().at_most(DEADLINE).for_url(&url).await.expect("the page comes");
    }

    /// The texts of all such elements.
    pub async fn texts(&self, elements: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.page.find_all(Locator::Css(elements)).await.expect("the browser looks") {
            texts.push(element.text().await.expect("an element has a text"));
        }
        texts
    }

    /// Whether such an element is on the page now.
    pub async fn shows(&self, element: &str) -> bool {
        !self.page.find_all(Locator::Css(element)).await.expect("the browser looks").is_empty()
    }

    /// Gives the page a screen so many pixels wide, light or dark, whatever window it stands in.
    pub async fn screen(&self, width: u32, dark: bool) {
        let metrics = json!({"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = json!([{"name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" }}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": scheme})).await;
    }

    /// What a script that ends in `return` tells. The driver may run it, whatever the page's policy says.
    pub async fn tell<T: serde::de::DeserializeOwned>(&self, script: &str) -> T {
        let told = in_time("a script", self.page.execute(script, Vec::new())).await.expect("the script runs");
        serde_json::from_value(told).expect("what the script was written to tell")
    }

    /// Sends a form as a page of the desk does, from the page that is open.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) {
        const SEND: &str = "const form = document.createElement('form'); form.method = 'post'; form.action = arguments[0]; \
             for (const [name, value] of arguments[1]) { const field = document.createElement('input'); field.name = name; \
             field.value = value; form.append(field); } document.body.append(form); window.stillHere = true; form.submit();";
        in_time("the form", self.page.execute(SEND, vec![json!(path), json!(fields)])).await.expect("it can be sent");
        // The old page goes when the answer comes.
        super::wait_for("the answer to a form", async || {
            let script = "return !window.stillHere && document.readyState === 'complete'";
            self.page.execute(script, Vec::new()).await.ok().filter(|gone| *gone == json!(true))
        })
        .await;
    }

    /// Gives the browser an authenticator that is always unlocked and touched, as a laptop's own is after a fingerprint.
    pub async fn with_authenticator(&self) {
        self.devtools("WebAuthn.enable", json!({})).await;
        let options = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "automaticPresenceSimulation": true,
        });
        self.devtools("WebAuthn.addVirtualAuthenticator", json!({ "options": options })).await;
    }

    /// Gives a command of Chromium's own protocol and its answer.
    pub async fn devtools(&self, method: &'static str, parameters: serde_json::Value) -> serde_json::Value {
        in_time(method, self.page.issue_cmd(DevTools { method, parameters })).await.expect("Chromium knows it")
    }

    /// Closes the browser. Dropping it instead ends the processes just the same, less politely.
    pub async fn close(mut self) {
        pictures::keep(&self).await;
        in_time("the browser's end", self.page.clone().close()).await.ok();
        self.driver.end();
    }
}

/// A command of Chromium's own protocol, handed on by its driver.
#[derive(Debug)]
struct DevTools {
    method: &'static str,
    parameters: serde_json::Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({"cmd": self.method, "params": self.parameters}).to_string()))
    }
}

fn capabilities(profile: &TempDir) -> serde_json::Map<String, serde_json::Value> {
    let mut arguments = vec![
        "--headless=new".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--no-first-run".to_owned(),
        // A button that still glides into view cannot be pressed.
        "--force-prefers-reduced-motion".to_owned(),
        "--no-default-browser-check".to_owned(),
        "--window-size=1200,1600".to_owned(),
        format!("--user-data-dir={}", profile.path().join("profile").display()),
    ];
    if is_root() {
        // Chromium's own sandbox refuses to run as root.
        arguments.push("--no-sandbox".to_owned());
    }
    let capabilities = json!({
        "acceptInsecureCerts": true,
        "goog:chromeOptions": { "args": arguments, "binary": "/usr/bin/chromium" },
    });
    capabilities.as_object().expect("an object was written").clone()
}

/// Reads `ChromeDriver was started successfully on port 12345.`, and then drains the pipe so that the driver never waits.
fn announced_port(pipe: std::io::PipeReader) -> u16 {
    let mut lines = BufReader::new(pipe).lines();
    let port = lines
        .by_ref()
        .map_while(Result::ok)
        .filter(|line| line.contains("started successfully"))
        .find_map(|line| {
            line.split_once("on port ").and_then(|(_, rest)| rest.trim_end_matches('.').trim().parse().ok())
        })
        .expect("chromedriver names its port");
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    port
}
