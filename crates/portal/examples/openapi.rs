//! Prints the OpenAPI document of the API, for `cargo xtask docs`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(portal::api_document().as_bytes())
}
