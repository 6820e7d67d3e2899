//! What the tests see, for eyes: with `LOKET_PICTURES=DIR` every page that a test opens, and every page as it stands before a
//! button is pressed, is kept in DIR as a picture, as wide as a phone and as a desk.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::Browser;

/// A phone's and a desk's screen, in CSS pixels.
const WIDTHS: [u32; 2] = [390, 1280];

/// Pictures are kept in the order in which their pages were seen.
static SEEN: AtomicUsize = AtomicUsize::new(1);

/// Keeps what stands in the browser, all of it, where the environment asks for it.
pub async fn keep(browser: &Browser) {
    let Some(folder) = std::env::var_os("LOKET_PICTURES").map(PathBuf::from) else { return };
    let nth = SEEN.fetch_add(1, Ordering::Relaxed);
    // Tests run one a process; the thread has the test's name.
    let test = std::thread::current().name().unwrap_or("test").replace("::", ".");
    // Chromium measures the page with the bar and draws it without.
    browser.devtools("Emulation.setScrollbarsHidden", json!({"hidden": true})).await;
    for width in WIDTHS {
        let metrics = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let kept = browser.devtools("Page.captureScreenshot", json!({"captureBeyondViewport": true})).await;
        let picture = STANDARD.decode(kept["data"].as_str().expect("a picture")).expect("base64");
        std::fs::create_dir_all(&folder).expect("a folder for pictures");
        std::fs::write(folder.join(format!("{test}-{nth:02}-{width}.png")), picture).expect("room for a picture");
    }
    browser.devtools("Emulation.setScrollbarsHidden", json!({"hidden": false})).await;
    browser.devtools("Emulation.clearDeviceMetricsOverride", json!({})).await;
}
