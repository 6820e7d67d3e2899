//! The report as one plain page, to be printed or kept: no script, nothing from elsewhere.

use crate::daemon::report::words::{self, OVERRUNS, RECAP, REGISTER, UNREAD};
use crate::engine::register::Report;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#1b1f24}\
table{border-collapse:collapse;margin:.5rem 0 1.5rem}\
th,td{border:1px solid #c9d1d9;padding:.3rem .6rem;text-align:left;vertical-align:top}\
th{background:#f2f4f7}footer{overflow-wrap:anywhere;color:#57606a}";

pub fn write(report: &Report, office: &str) -> String {
    let register: Vec<_> = report.lines.iter().map(words::register_row).collect();
    let title = escaped(&words::title(report));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"id\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         <h1>{title}</h1>\n<p>{} · SOP {} · waktu {}</p>\n",
        escaped(office),
        escaped(&report.sop),
        escaped(&report.zone)
    );
    add(&mut page, "Register", &REGISTER, &register);
    let unread = words::unread_rows(report);
    if !unread.is_empty() {
        add(&mut page, "Tidak termuat", &UNREAD, &unread);
    }
    add(&mut page, "Hasil", &["Hasil", "Jumlah"], &words::outcome_rows(report));
    add(&mut page, "Rekap standar waktu", &RECAP, &words::recap_rows(report));
    add(&mut page, "Keterlambatan", &OVERRUNS, &words::overrun_rows(report));
    page.push_str(&format!("<footer>{}</footer>\n</html>\n", escaped(&words::journal(report))));
    page
}

fn add(page: &mut String, title: &str, header: &[&str], rows: &[Vec<String>]) {
    page.push_str(&format!("<h2>{}</h2>\n", escaped(title)));
    if rows.is_empty() {
        page.push_str("<p>Tidak ada.</p>\n");
        return;
    }
    page.push_str("<table>\n<thead><tr>");
    header.iter().for_each(|cell| page.push_str(&format!("<th scope=\"col\">{}</th>", escaped(cell))));
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        page.push_str("<tr>");
        row.iter().for_each(|cell| page.push_str(&format!("<td>{}</td>", escaped(cell))));
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table>\n");
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_cell_is_markup() {
        assert_eq!(escaped("<img src=x onerror='a'>&\u{7}"), "&lt;img src=x onerror=&#39;a&#39;&gt;&amp;\u{fffd}");
    }
}
