//! What every page shares: who asks, the frame around the page, links, forms, errors, streams.

pub(crate) mod assets;
pub(crate) mod columns;
pub(crate) mod download;
pub(crate) mod fault;
pub(crate) mod form;
pub(crate) mod frame;
pub(crate) mod guard;
pub(crate) mod link;
pub(crate) mod list;
pub(crate) mod signed;
pub(crate) mod tel;
pub(crate) mod visit;
