//! The ways onto the desk: a link with a code, an address with a code, a first enrolment.

use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::archive::chosen;
use super::{Answer, bounded, keyed, ok, page, see};
use crate::sop::names::{Address, CaseNumber};
use crate::web::answer::{Act, EnrolAnswer, Place, SignInAnswer, UnlockAnswer, Why};
use crate::web::asked::{Asked, Posted};
use crate::web::oops::Oops;
use crate::web::pages::entrance::{EnrolPage, LockPage, RelockPage, SignInPage, Tried};
use crate::web::pages::notice::NoticePage;
use crate::web::pages::review::{choice, slug};
use crate::web::pages::{self, Frame};
use crate::web::session::Device;
use crate::web::view::{Admin, Month};
use crate::web::words::EntranceWords;

pub(super) async fn lock(asked: Asked, Path(token): Path<String>) -> Answer {
    let token = bounded(&token);
    asked.charge_for(asked.site.counter.lock_view(token, asked.lang)).await?;
    match asked.site.counter.lock_view(token, asked.lang).await? {
        Some(view) => {
            asked.was_honest();
            let action = format!("/tautan/{token}");
            keyed(&asked, ok(&LockPage::new(keyed_frame(&asked, &action), &view, &action, Tried::No)))
        }
        None => gone(&asked),
    }
}

pub(super) async fn unlock(asked: Asked, Path(token): Path<String>, form: Posted) -> Answer {
    let token = bounded(&token);
    asked.charge_for(asked.site.counter.lock_view(token, asked.lang)).await?;
    let code = form.proof();
    match asked.site.counter.unlock(token, &code).await? {
        UnlockAnswer::Opened { admin, place } => {
            asked.was_honest();
            let target = match place {
                Place::Case(number, Some(choice)) => format!("/berkas/{number}#{}", slug(choice)),
                Place::Case(number, None) => format!("/berkas/{number}"),
                Place::Held(id) => format!("/ditahan/{id}"),
            };
            opened(&asked, admin, &target)
        }
        UnlockAnswer::Wrong { left } => match asked.site.counter.lock_view(token, asked.lang).await? {
            Some(view) => {
                let action = format!("/tautan/{token}");
                let tried = Tried::Wrong { left };
                let again = LockPage::new(keyed_frame(&asked, &action), &view, &action, tried);
                keyed(&asked, page(StatusCode::UNPROCESSABLE_ENTITY, &again))
            }
            None => gone(&asked),
        },
        UnlockAnswer::LockedOut => locked_out(&asked),
        UnlockAnswer::Gone => gone(&asked),
    }
}

/// One page for unknown, used and expired links.
fn gone(asked: &Asked) -> Answer {
    let w = EntranceWords::of(asked.lang);
    let notice = NoticePage::new(asked.frame("/masuk"), w.gone_title, w.gone_h1, w.gone_lead)
        .ways(w.gone_ways, &[w.gone_newest, w.gone_desk, w.gone_phone])
        .button("/masuk", w.sign_in);
    page(StatusCode::NOT_FOUND, &notice)
}

/// Too many wrong codes of one admin.
pub(super) fn locked_out(asked: &Asked) -> Answer {
    let w = EntranceWords::of(asked.lang);
    if let Some(cookie) = &asked.cookie {
        asked.site.sessions.close(cookie);
    }
    let notice = NoticePage::new(asked.frame("/masuk"), w.locked_title, w.locked_h1, w.locked_lead);
    page(StatusCode::FORBIDDEN, &notice)
}

/// Opens this device and goes on to `target`.
fn opened(asked: &Asked, admin: Admin, target: &str) -> Answer {
    reopened(asked, admin, see(target))
}

/// Opens this device anew and answers with this.
pub(super) fn reopened(asked: &Asked, admin: Admin, answer: Answer) -> Answer {
    let site = &asked.site;
    let id = site.sessions.open(admin, asked.cookie.as_deref(), asked.now);
    let mut response = answer?;
    set_cookie(asked, &mut response, &id, 60 * site.office.open_minutes)?;
    Ok(response)
}

fn set_cookie(asked: &Asked, response: &mut Response, value: &str, seconds: u32) -> Result<(), Oops> {
    let base = &asked.site.base;
    let secure = if base.is_secure() { "; Secure" } else { "" };
    // The cookie outlives the open time so that a locked device finds what was typed; the server decides who is open.
    let age = if seconds == 0 { 0 } else { seconds + 3_600 };
    let cookie = format!("{}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}", base.cookie_name());
    let value = HeaderValue::from_str(&cookie).map_err(|_| Oops::Trouble)?;
    response.headers_mut().append(header::SET_COOKIE, value);
    Ok(())
}

/// Where a signed-in person goes: a page of the desk, named without anything but letters, digits and hyphens, or the month or the
/// choice of a list, which are read and written anew.
fn destination(asked: Option<&str>) -> String {
    let known = ["/meja", "/frasa", "/berkas/", "/ditahan/", "/arsip", "/laporan"];
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_".contains(c);
    let asked = asked.unwrap_or_default();
    match asked.split_once('?') {
        Some(("/laporan", query)) => query
            .strip_prefix("bulan=")
            .and_then(Month::parse)
            .map_or_else(|| "/laporan".to_owned(), pages::report::href),
        Some(("/arsip", query)) => {
            let pairs: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
            let of = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
            pages::archive::href(&chosen(of), 0)
        }
        None if known.iter().any(|k| asked.starts_with(k)) && asked.chars().all(plain) => asked.to_owned(),
        _ => "/meja".to_owned(),
    }
}

pub(super) async fn sign_in_page(asked: Asked) -> Answer {
    let to = destination(asked.asked_for("ke"));
    match asked.device() {
        Device::Open { .. } => see(&to),
        Device::Locked { admin, parked } => {
            let relock = RelockPage::new(keyed_frame(&asked, &door(&to)), &admin.name, &to, parked, false);
            keyed(&asked, ok(&relock))
        }
        Device::Unknown => keyed(&asked, ok(&SignInPage::new(keyed_frame(&asked, &door(&to)), "", &to))),
    }
}

/// The way in, and back from there to a page of the desk.
pub(super) fn door(to: &str) -> String {
    format!("/masuk?ke={}", to.replace('&', "%26"))
}

pub(super) async fn sign_in(asked: Asked, form: Posted) -> Answer {
    let to = destination(Some(form.text("ke")));
    let typed = form.text("alamat");
    let locked = match asked.device() {
        Device::Locked { admin, parked } if typed.is_empty() => Some((admin, parked)),
        _ => None,
    };
    let frame = keyed_frame(&asked, &door(&to));
    let again = |page: Answer| keyed(&asked, page);
    let address = locked.as_ref().map(|(admin, _)| admin.address.clone()).or_else(|| Address::parse(typed));
    let Some(address) = address else {
        return again(page(StatusCode::UNPROCESSABLE_ENTITY, &SignInPage::new(frame, typed, &to).not_an_address()));
    };
    asked.charge()?;
    let code = form.proof();
    match asked.site.counter.sign_in(&address, &code).await? {
        SignInAnswer::Opened(admin) => {
            asked.was_honest();
            let parked = asked.cookie.as_deref().filter(|_| locked.is_some());
            let back = parked.and_then(|cookie| asked.site.sessions.parked_page(cookie));
            opened(&asked, admin, back.as_deref().unwrap_or(&to))
        }
        // Whether an address is known is told to nobody who did not prove it here before, so a lock is not either.
        SignInAnswer::LockedOut if locked.is_some() => locked_out(&asked),
        SignInAnswer::Wrong | SignInAnswer::LockedOut => match &locked {
            Some((admin, parked)) => {
                let relock = RelockPage::new(frame, &admin.name, &to, *parked, true);
                again(page(StatusCode::UNPROCESSABLE_ENTITY, &relock))
            }
            None => again(page(StatusCode::UNPROCESSABLE_ENTITY, &SignInPage::new(frame, typed, &to).wrong())),
        },
    }
}

pub(super) async fn sign_out(asked: Asked) -> Answer {
    if let Some(who) = asked.who() {
        asked.site.counter.sign_out(&who.admin).await?;
        if asked.asked_for("semua").is_some() {
            asked.site.sessions.close_all(&who.admin.address);
        }
    }
    if let Some(cookie) = &asked.cookie {
        asked.site.sessions.close(cookie);
    }
    let mut response = see("/masuk")?;
    set_cookie(&asked, &mut response, "", 0)?;
    // Not "cookies": that would take those of every other service under the office's domain too.
    let cleared = HeaderValue::from_static("\"cache\", \"storage\"");
    response.headers_mut().insert(HeaderName::from_static("clear-site-data"), cleared);
    Ok(response)
}

pub(super) async fn enrol_page(asked: Asked, Path(token): Path<String>) -> Answer {
    let token = bounded(&token);
    asked.charge_for(asked.site.counter.enrol_view(token)).await?;
    match asked.site.counter.enrol_view(token).await? {
        Some(view) => {
            asked.was_honest();
            let action = format!("/daftar/{token}");
            keyed(&asked, ok(&EnrolPage::new(keyed_frame(&asked, &action), &view, &action, Tried::No)))
        }
        None => enrol_gone(&asked),
    }
}

pub(super) async fn enrol(asked: Asked, Path(token): Path<String>, form: Posted) -> Answer {
    let token = bounded(&token);
    asked.charge_for(asked.site.counter.enrol_view(token)).await?;
    let code = form.any_code("kode");
    let w = EntranceWords::of(asked.lang);
    let (phrase, again) = (form.typed("frasa"), form.typed("frasa2"));
    if phrase.expose() != again.expose() {
        return enrol_again(&asked, token, Tried::Unfit(Why::Different)).await;
    }
    let phrase = (!phrase.expose().is_empty()).then_some(phrase);
    match asked.site.counter.enrol_confirm(token, &code, phrase).await? {
        EnrolAnswer::Done => {
            asked.was_honest();
            let notice = NoticePage::new(asked.frame("/masuk"), w.enrol_done_h1, w.enrol_done_h1, w.enrol_done);
            ok(&notice.button("/masuk", w.sign_in))
        }
        EnrolAnswer::Wrong { left } => enrol_again(&asked, token, Tried::Wrong { left }).await,
        EnrolAnswer::Unfit(why) => enrol_again(&asked, token, Tried::Unfit(why)).await,
        EnrolAnswer::Gone => enrol_gone(&asked),
    }
}

async fn enrol_again(asked: &Asked, token: &str, tried: Tried) -> Answer {
    let Some(view) = asked.site.counter.enrol_view(token).await? else { return enrol_gone(asked) };
    let action = format!("/daftar/{token}");
    let again = EnrolPage::new(keyed_frame(asked, &action), &view, &action, tried);
    keyed(asked, page(StatusCode::UNPROCESSABLE_ENTITY, &again))
}

/// A frame for a page that offers passkeys, where they can be bound to the desk's address.
fn keyed_frame<'a>(asked: &'a Asked, here: &str) -> Frame<'a> {
    asked.frame(here).keyed(asked.site.base.binds_keys())
}

/// A question for the script of a page.
fn question(asked: Option<String>) -> Answer {
    let json = asked.ok_or(Oops::NotFound)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}

/// What a passkey is to prove, for whoever has this device open: the form it is for names case, act and proposal.
pub(super) async fn ask_key(asked: Asked, form: Posted) -> Answer {
    let who = asked.who().ok_or(Oops::NotFound)?;
    let (number, act) = matter(form.text("perihal")).ok_or(Oops::Garbled)?;
    let seen = Some(form.text("bukti")).filter(|hash| !hash.is_empty());
    question(asked.site.counter.passkey_ask_to(&who.admin.address, &number, act, seen).await?)
}

/// The case and the act of a form's address, `/berkas/LPSE-2026-0047/setujui`.
fn matter(address: &str) -> Option<(CaseNumber, Act)> {
    let (number, name) = address.strip_prefix("/berkas/")?.split_once('/')?;
    let act = match name {
        "ulang" => Act::Reissue,
        "langsung" => Act::HandInPerson,
        name => Act::Decide(choice(name)?),
    };
    Some((CaseNumber::parse(number)?, act))
}

/// The same before the desk, for an address that may be anybody's or for whoever locked this device.
pub(super) async fn ask_key_at_the_door(asked: Asked, form: Posted) -> Answer {
    let typed = Address::parse(form.text("alamat"));
    let address = match (typed, asked.device()) {
        (Some(address), _) | (None, Device::Locked { admin: Admin { address, .. }, .. }) => address,
        _ => return Err(Oops::Garbled),
    };
    asked.charge()?;
    question(asked.site.counter.passkey_ask(&address).await?)
}

/// The same for the admin a link was sent to, whoever holds it: asking costs a try, as at the door.
pub(super) async fn ask_key_behind(asked: Asked, Path(token): Path<String>) -> Answer {
    asked.charge()?;
    question(asked.site.counter.passkey_ask_for(bounded(&token)).await?)
}

/// How a passkey is to be made.
pub(super) async fn offer_key(asked: Asked, Path(token): Path<String>) -> Answer {
    asked.charge()?;
    question(asked.site.counter.passkey_offer(bounded(&token)).await?)
}

pub(super) async fn enrol_key(asked: Asked, Path(token): Path<String>, form: Posted) -> Answer {
    asked.charge()?;
    let token = bounded(&token);
    match asked.site.counter.passkey_enrol(token, &form.typed("kunci")).await? {
        EnrolAnswer::Done => {
            asked.was_honest();
            see(&format!("/daftar/{token}"))
        }
        EnrolAnswer::Wrong { .. } | EnrolAnswer::Unfit(_) => {
            let w = EntranceWords::of(asked.lang);
            let path = format!("/daftar/{token}");
            let notice = NoticePage::new(asked.frame(path.clone()), w.enrol_title, w.key_refused, w.key_why);
            page(StatusCode::UNPROCESSABLE_ENTITY, &notice.button(path, w.key_add))
        }
        EnrolAnswer::Gone => enrol_gone(&asked),
    }
}

fn enrol_gone(asked: &Asked) -> Answer {
    let w = EntranceWords::of(asked.lang);
    page(StatusCode::NOT_FOUND, &NoticePage::new(asked.frame("/masuk"), w.gone_title, w.gone_h1, w.enrol_gone))
}
