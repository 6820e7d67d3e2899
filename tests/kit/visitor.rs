//! A web browser's part without one, for pages where the click is not the point: keeps cookies, sends forms as a
//! browser does under `no-referrer`, follows nothing by itself.

use std::collections::BTreeMap;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::wait::in_time;

#[derive(Default)]
pub struct Visitor {
    cookies: BTreeMap<String, String>,
}

pub struct Page {
    pub status: u16,
    pub location: Option<String>,
    pub body: String,
}

impl Page {
    /// The value of a field in the form whose `id` or action holds `form`.
    pub fn field(&self, form: &str, name: &str) -> Option<String> {
        let forms = self.body.split("<form").skip(1).filter_map(|part| part.split_once("</form>")).map(|(f, _)| f);
        let form = forms.into_iter().find(|text| text.split_once('>').is_some_and(|(tag, _)| tag.contains(form)))?;
        let (_, rest) = form.split_once(&format!("name=\"{name}\""))?;
        let (tag, _) = rest.split_once('>')?;
        let (_, value) = tag.split_once("value=\"")?;
        value.split_once('"').map(|(value, _)| value.to_owned())
    }

    /// What stands in the `.secret` elements, in their order, without the gaps between groups.
    pub fn secrets(&self) -> Vec<String> {
        let parts = self.body.split("<p class=\"secret\">").skip(1).filter_map(|part| part.split_once("</p>"));
        parts.map(|(inner, _)| unescaped(&without_tags(inner))).collect()
    }
}

impl Visitor {
    pub async fn get(&mut self, url: &str) -> Page {
        self.try_get(url).await.expect("the desk answers")
    }

    pub async fn post(&mut self, url: &str, fields: &[(&str, &str)]) -> Page {
        self.try_post(url, fields).await.expect("the desk answers")
    }

    /// As [`Visitor::get`]; `None` where the desk is away or breaks off.
    pub async fn try_get(&mut self, url: &str) -> Option<Page> {
        self.request("GET", url, None).await
    }

    /// As [`Visitor::post`]; `None` where the desk is away or breaks off, and nobody knows what became of the form.
    pub async fn try_post(&mut self, url: &str, fields: &[(&str, &str)]) -> Option<Page> {
        self.request("POST", url, Some(&encoded(fields))).await
    }

    async fn request(&mut self, method: &str, url: &str, form: Option<&str>) -> Option<Page> {
        let rest = url.strip_prefix("http://").expect("the desk of a test speaks plain HTTP on loopback");
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        if !cookies.is_empty() {
            request += &format!("Cookie: {}\r\n", cookies.join("; "));
        }
        if let Some(form) = form {
            request += &format!(
                "Origin: null\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
                form.len()
            );
        }
        request += "\r\n";
        request += form.unwrap_or_default();
        let answer = in_time("the desk's answer", async {
            let mut stream = TcpStream::connect(host).await?;
            stream.write_all(request.as_bytes()).await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            std::io::Result::Ok(answer)
        })
        .await
        .ok()?;
        self.read(&String::from_utf8_lossy(&answer))
    }

    fn read(&mut self, answer: &str) -> Option<Page> {
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers: Vec<(String, &str)> =
            lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value)).collect();
        for (_, value) in headers.iter().filter(|(name, _)| name == "set-cookie") {
            let pair = value.split(';').next().and_then(|pair| pair.split_once('='));
            self.cookies.extend(pair.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        let header =
            |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| (*value).to_owned());
        let body = match header("transfer-encoding") {
            Some(_) => unchunked(body),
            None => body.to_owned(),
        };
        Some(Page { status: status.expect("an answer has a status"), location: header("location"), body })
    }
}

/// Puts the chunks of a body together (RFC 9112 §7.1). Lossy reading keeps ASCII lengths of what tests look for.
fn unchunked(body: &str) -> String {
    let lines = body.split("\r\n").collect::<Vec<_>>();
    lines.iter().skip(1).step_by(2).copied().collect()
}

fn without_tags(html: &str) -> String {
    html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
}

fn unescaped(text: &str) -> String {
    let named = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    named.iter().fold(text.to_owned(), |text, (name, sign)| text.replace(name, sign))
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        let byte = |b: u8| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(b).to_string(),
            b' ' => "+".to_owned(),
            _ => format!("%{b:02X}"),
        };
        text.bytes().map(byte).collect::<String>()
    };
    fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect::<Vec<_>>().join("&")
}
