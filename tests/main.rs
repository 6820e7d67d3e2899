//! What Loket promises, one file per promise. `kit` starts the real servers the promises are held against.

mod kit;
mod web_browser;
mod web_case;
mod web_click;
mod web_desk;
mod web_escape;
mod web_fake;
mod web_pages;
mod web_samples;
mod web_serve;
