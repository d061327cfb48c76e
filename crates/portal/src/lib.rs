//! The administrator portal.

use std::sync::Arc;

use axum::Router;
use engine::Handle;
use store::Store;

/// What the pages need.
#[derive(Clone)]
pub struct Portal {
    store: Arc<Store>,
    handle: Handle,
}

impl Portal {
    /// A portal over a store and its running node.
    pub fn new(store: Arc<Store>, handle: Handle) -> Self {
        Portal { store, handle }
    }
}

/// The pages of the closed zone.
pub fn router(portal: Portal) -> Router {
    let _ = (&portal.store, &portal.handle);
    Router::new().with_state(portal)
}
