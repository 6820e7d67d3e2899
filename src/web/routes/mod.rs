//! Every address of the desk and its handler. Handlers read a form, ask the counter, and pick a page; what a page may
//! say stands in [`super::pages`], what may happen in the engine.

mod applicant;
mod archive;
mod case;
mod case_page;
mod decision_form;
mod desk;
mod entrance;
mod phrase;
mod plain;
mod report;
mod task_form;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};

use super::asked::{Asked, FORM_LIMIT};
use super::gate::{KEYED_POLICY, gate};
use super::oops::Oops;
use super::site::Site;

/// A page, or what went wrong on the way to it.
type Answer = Result<Response, Oops>;

/// All addresses of the desk.
pub fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", get(plain::home))
        .route("/loket.css", get(plain::stylesheet))
        .route("/kunci.js", get(plain::passkey_script))
        .route("/kunci", post(entrance::ask_key))
        .route("/masuk/kunci", post(entrance::ask_key_at_the_door))
        .route("/tautan/{token}/kunci", post(entrance::ask_key_behind))
        .route("/daftar/{token}/kunci", post(entrance::offer_key))
        .route("/daftar/{token}/kunci/simpan", post(entrance::enrol_key))
        .route("/robots.txt", get(plain::robots))
        .route("/healthz", get(plain::healthz))
        .route("/readyz", get(plain::readyz))
        .route("/tautan/{token}", get(entrance::lock).post(entrance::unlock))
        .route("/masuk", get(entrance::sign_in_page).post(entrance::sign_in))
        .route("/keluar", post(entrance::sign_out))
        .route("/daftar/{token}", get(entrance::enrol_page).post(entrance::enrol))
        .route("/frasa", get(phrase::page_of).post(phrase::change))
        .route("/meja", get(desk::desk))
        .route("/ditahan/{id}", get(desk::held))
        .route("/ditahan/{id}/{choice}", post(desk::settle))
        .route("/arsip", get(archive::list))
        .route("/arsip/{number}", get(archive::dossier))
        .route("/arsip/{number}/berkas", get(archive::bag))
        .route("/arsip/{number}/isi/{nth}", get(archive::item))
        .route("/laporan", get(report::page))
        .route("/laporan/csv", get(report::csv))
        .route("/laporan/json", get(report::json))
        .route("/surel", get(desk::sandbox))
        .route("/surel/{id}", get(desk::sandbox_letter))
        .route("/surel/main/{id}", post(desk::play))
        .route("/berkas/{number}", get(case::page))
        .route("/berkas/{number}/halaman/{paper}/{page}", get(case::picture))
        .route("/berkas/{number}/formulir/{index}", get(case::enclosure))
        .route("/berkas/{number}/halaman/{paper}/{page}/besar", get(case::large))
        .route("/berkas/{number}/konfirmasi", post(case::confirm))
        .route("/berkas/{number}/surat", post(case::save_draft))
        .route("/berkas/{number}/hasil", post(case::manual_outcome))
        .route("/berkas/{number}/pasti/{way}", post(case::resolve))
        .route("/berkas/{number}/ulang", post(case::reissue))
        .route("/berkas/{number}/langsung", post(case::hand_in_person))
        .route("/berkas/{number}/keterlambatan/{deviation}", post(case::account_for))
        .route("/berkas/{number}/{choice}", post(case::decide))
        .route("/ambil/{token}", get(applicant::reveal_page).post(applicant::reveal))
        .route("/ganti/{token}", get(applicant::change_page).post(applicant::change))
        .fallback(|| async { Oops::NotFound })
        .method_not_allowed_fallback(|| async { Oops::NotFound })
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(from_fn_with_state(Arc::clone(&site), gate))
        .with_state(site)
}

/// A page with a status.
fn page(status: StatusCode, template: &impl Template) -> Answer {
    Ok((status, Html(template.render()?)).into_response())
}

/// A page that offers passkeys may run the desk's own script, and nothing else.
fn keyed(asked: &Asked, answer: Answer) -> Answer {
    let mut response = answer?;
    if asked.site.base.binds_keys() && response.status() != StatusCode::SEE_OTHER {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(KEYED_POLICY));
    }
    Ok(response)
}

fn ok(template: &impl Template) -> Answer {
    page(StatusCode::OK, template)
}

/// "See other": what a form did is looked at under its own address. Targets are built from parsed names alone.
fn see(target: &str) -> Answer {
    let location = HeaderValue::from_str(target).map_err(|_| Oops::NotFound)?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}

/// Tokens longer than this are not ours.
const TOKEN: usize = 256;

/// A token as the counter may see it; what cannot be one of ours is asked for all the same, so that nobody can tell.
fn bounded(token: &str) -> &str {
    if token.len() > TOKEN { "" } else { token }
}
