//! The administrator portal of the closed zone: pages rendered on the server, complete without
//! JavaScript.
//!
//! A request passes [`shell::guard`] (origin, headers, error pages), then the extractor
//! [`shell::signed::Signed`] (session, forced password change), then one function of [`pages`].
//! Every read takes the scope of the session, so no page can show another tenant's data. Live
//! state is asked of the running node each time ([`live`]); what lists need for searching and
//! sorting is kept ready per tenant ([`directory`]).

mod api;
mod directory;
mod limiter;
mod live;
mod memory;
mod pages;
mod shell;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use app::service::sound::SoundFiles;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use base::Wall;
use engine::Handle;
use store::Store;

use crate::directory::Directory;
use crate::limiter::Limiter;
use crate::live::Live;
use crate::memory::Memory;
use crate::pages::{
    days, history, home, locks, login, logout, password, preferences, record, terminals, users,
};
use crate::shell::{assets, guard};

/// Bytes of a form; the longest field is a password.
const FORM_BYTES_MAX: usize = 16 * 1_024;

/// What the pages need; cheap to clone.
#[derive(Clone)]
pub struct Portal {
    store: Arc<Store>,
    live: Arc<Live>,
    directory: Arc<Directory>,
    memory: Arc<Memory>,
    limiter: Arc<Limiter>,
    /// Wrong tokens of the API.
    tokens: Arc<Limiter>,
    /// Idempotency keys whose requests run now.
    keys: Arc<api::RunningKeys>,
    shelf: api::Shelf,
    clock: Arc<dyn Fn() -> Wall + Send + Sync>,
}

impl Portal {
    /// A portal over a store and its running node.
    pub fn new(store: Arc<Store>, handle: Handle) -> Self {
        Portal {
            store,
            live: Arc::new(Live::new(handle)),
            directory: Arc::default(),
            memory: Arc::default(),
            limiter: Arc::default(),
            tokens: Arc::new(Limiter::of_tokens()),
            keys: Arc::default(),
            shelf: api::Shelf::new(None),
            clock: Arc::new(engine::clock::wall),
        }
    }

    /// The same with a place for uploaded sounds.
    #[must_use]
    pub fn with_sounds(self, files: Arc<dyn SoundFiles>) -> Self {
        Portal { shelf: api::Shelf::new(Some(files)), ..self }
    }

    /// The same with a clock of one's own.
    #[cfg(test)]
    fn with_clock(self, clock: impl Fn() -> Wall + Send + Sync + 'static) -> Self {
        Portal { clock: Arc::new(clock), ..self }
    }

    fn now(&self) -> Wall {
        (self.clock)()
    }
}

pub use api::document as api_document;
#[cfg(test)]
use api::routes as api_routes;

/// The pages and the API of the closed zone. To be served with `ConnectInfo<SocketAddr>`, so that
/// audit rows, the lock list and the limits on wrong tokens know the source address.
pub fn router(portal: Portal) -> Router {
    Router::new()
        .route("/", get(home::show))
        .route("/login", get(login::show).post(login::submit))
        .route("/logout", post(logout::submit))
        .route("/preferences", post(preferences::submit))
        .route("/users", get(users::list))
        .route("/users.csv", get(users::csv))
        .route("/users.xlsx", get(users::excel))
        .route("/terminals", get(terminals::list))
        .route("/terminals.csv", get(terminals::csv))
        .route("/terminals.xlsx", get(terminals::excel))
        .route("/locks", get(locks::list).post(locks::submit))
        .route("/history", get(history::list))
        .route("/history.csv", get(history::csv))
        .route("/history.xlsx", get(history::excel))
        .route("/history/prove", post(history::prove))
        .route("/history/days", get(days::list))
        .route("/history/days/{file}", get(days::file))
        .route("/history/call/{key}", get(record::show))
        .route("/password", get(password::show).post(password::submit))
        .route("/assets/{name}", get(assets::file))
        .fallback(guard::not_found)
        .method_not_allowed_fallback(guard::not_allowed)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(from_fn_with_state(portal.clone(), guard::guard))
        .merge(api::router(&portal))
        .with_state(portal)
}
