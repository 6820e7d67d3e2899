//! A person's browser without a screen: it opens addresses, keeps cookies, sends forms and follows redirects, over real
//! HTTP to the desk. It runs no scripts, as the desk has none.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::body::{Body, to_bytes};
use hyper::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::form::{Form, forms};

/// The longest an answer may take.
const PATIENCE: Duration = Duration::from_secs(40);
/// Bytes of a page.
const PAGE: usize = 8 << 20;
const REDIRECTS: usize = 5;

/// One device with its cookies.
pub struct Browser {
    address: SocketAddr,
    base_url: String,
    cookies: BTreeMap<String, String>,
}

/// What came back.
pub struct Page {
    pub status: StatusCode,
    /// Where it was found in the end.
    pub path: String,
    pub html: String,
}

impl Browser {
    pub fn new(address: SocketAddr, base_url: &str) -> Self {
        Self { address, base_url: base_url.to_owned(), cookies: BTreeMap::new() }
    }

    /// Opens a path of the desk.
    pub async fn open(&mut self, path: &str) -> Result<Page> {
        self.follow(Method::GET, path, String::new()).await
    }

    /// Sends a form as it is filled in.
    pub async fn send(&mut self, form: &Form) -> Result<Page> {
        self.follow(Method::POST, &form.action, form.encoded()).await
    }

    async fn follow(&mut self, method: Method, path: &str, body: String) -> Result<Page> {
        let (mut method, mut body) = (method, body);
        let mut path = path.split('#').next().unwrap_or_default().to_owned();
        for _ in 0..REDIRECTS {
            let request = self.request(&method, &path, body)?;
            let asked = tokio::time::timeout(PATIENCE, self.ask(request));
            let response = asked.await.with_context(|| format!("The desk did not answer {method} in time"))??;
            if response.status != StatusCode::SEE_OTHER {
                return Ok(Page { path, ..response });
            }
            path = response.path.split('#').next().unwrap_or_default().to_owned();
            (method, body) = (Method::GET, String::new());
        }
        bail!("The desk sends in circles")
    }

    fn request(&self, method: &Method, path: &str, body: String) -> Result<Request<Body>> {
        let host = self.base_url.strip_prefix("http://").unwrap_or(&self.base_url);
        let mut request = Request::builder().method(method).uri(path).header(HOST, host);
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, cookies.join("; "));
        }
        if *method == Method::POST {
            request = request.header(ORIGIN, &self.base_url).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        Ok(request.body(Body::from(body))?)
    }

    /// One request; of a redirect, `path` is where it leads.
    async fn ask(&mut self, request: Request<Body>) -> Result<Page> {
        let stream = TcpStream::connect(self.address).await.context("Cannot connect to the desk")?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let response = sender.send_request(request).await?;
        for set in response.headers().get_all(SET_COOKIE) {
            let set = set.to_str().unwrap_or_default();
            if let Some((name, value)) = set.split(';').next().and_then(|pair| pair.split_once('=')) {
                self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
        let target = response.headers().get(LOCATION).and_then(|target| target.to_str().ok()).unwrap_or_default();
        let (path, status) = (target.to_owned(), response.status());
        let bytes = to_bytes(Body::new(response.into_body()), PAGE).await.context("Cannot read the desk's page")?;
        connection.abort();
        Ok(Page { status, path, html: String::from_utf8_lossy(&bytes).into_owned() })
    }
}

impl Page {
    /// The form with this id.
    pub fn form(&self, id: &str) -> Result<Form> {
        self.found(forms(&self.html).into_iter().find(|form| form.id == id), id)
    }

    /// The first form that has a field of this name.
    pub fn form_with(&self, field: &str) -> Result<Form> {
        self.found(forms(&self.html).into_iter().find(|form| form.has(field)), field)
    }

    /// Fails unless the page is what was asked for, quoting its heading and what it calls wrong.
    pub fn well(self) -> Result<Self> {
        if self.status.is_success() {
            return Ok(self);
        }
        bail!("the desk answered {}: {}", self.status.as_u16(), self.says())
    }

    /// The texts between `<tag class="class"` and its end, without markup.
    pub fn texts(&self, open: &str, close: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut rest = self.html.as_str();
        while let Some(at) = rest.find(open) {
            rest = &rest[at..];
            let (Some(from), Some(to)) = (rest.find('>'), rest.find(close)) else { break };
            found.push(super::form::plain(&rest[from + 1..to.max(from + 1)]));
            rest = &rest[to.max(1)..];
        }
        found
    }

    fn found(&self, form: Option<Form>, what: &str) -> Result<Form> {
        form.with_context(|| format!("the page offers no form {what:?}; it says: {}", self.says()))
    }

    fn says(&self) -> String {
        let mut said = self.texts("<h1", "</h1>");
        said.extend(self.texts("<div class=\"note bad\"", "</div>"));
        said.extend(self.texts("<p class=\"err\"", "</p>"));
        said.join(" / ")
    }
}
