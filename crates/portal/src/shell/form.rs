//! Fields of a posted form, with the proof that one of our own pages posted it (SEC-14).

use axum::extract::{Form, FromRequest, Request};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;

use crate::Portal;
use crate::shell::fault::Fault;
use crate::shell::signed::csrf;

/// The fields in the order of the form; a name may occur often.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The first value of a field, as entered; empty when it is missing.
    pub(crate) fn value(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Every value of a field.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A name or number: full-width forms narrowed, blanks around it dropped.
    pub(crate) fn narrow(&self, name: &str) -> String {
        narrow(self.value(name))
    }

    /// Refuses a form that does not come from a page of this session; there is nothing to check
    /// before the login.
    pub(crate) fn check(&self, token: Option<&str>) -> Result<(), Fault> {
        let Some(own) = token.map(csrf) else { return Ok(()) };
        let same = bool::from(self.value("csrf").as_bytes().ct_eq(own.as_bytes()));
        if same { Ok(()) } else { Err(Fault::Forbidden) }
    }
}

/// Full-width letters, digits and hyphens narrowed, blanks around them dropped.
pub(crate) fn narrow(value: &str) -> String {
    value.trim().nfkc().filter(|c| !c.is_control()).collect()
}

impl FromRequest<Portal> for Fields {
    type Rejection = Fault;

    async fn from_request(request: Request, portal: &Portal) -> Result<Self, Fault> {
        let fields = Form::<Vec<(String, String)>>::from_request(request, portal).await;
        match fields {
            Ok(Form(fields)) => Ok(Fields(fields)),
            Err(_) => Err(Fault::Malformed),
        }
    }
}
