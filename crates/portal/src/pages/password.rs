//! パスワード変更 (R055), and the change that the first login asks for (R007).

use app::login::password_sentence;
use app::text::text;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use base::id::TenantId;
use model::WebPolicy;
use store::{LoginError, PasswordChange, PasswordOutcome, Session};

use crate::Portal;
use crate::pages::login::{locked_sentence, signed_in};
use crate::pages::{Answer, page};
use crate::shell::form::Fields;
use crate::shell::frame::{Frame, Notice, Page, Tone};
use crate::shell::signed::Signed;

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    frame: Frame,
    /// Id of the rule for new passwords.
    rule: &'static str,
    must_change: bool,
    current_fault: String,
    new_fault: String,
    again_fault: String,
}

impl PasswordPage {
    fn new(portal: &Portal, who: &Signed) -> Self {
        let snapshot = portal.store.snapshot();
        PasswordPage {
            frame: Frame::new(portal, who, &snapshot, Page::Password),
            rule: rule(portal, who.scope().tenant()),
            must_change: who.session.must_change,
            current_fault: String::new(),
            new_fault: String::new(),
            again_fault: String::new(),
        }
    }

    /// (field, what is wrong) of every fault.
    fn faults(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("current", &self.current_fault),
            ("new", &self.new_fault),
            ("again", &self.again_fault),
        ];
        all.into_iter().filter(|(_, f)| !f.is_empty()).map(|(id, f)| (id, f.as_str())).collect()
    }
}

fn rule(portal: &Portal, tenant: TenantId) -> &'static str {
    let policy = portal.store.snapshot().tenant(tenant).map(|t| t.web_policy);
    match policy.unwrap_or_default() {
        WebPolicy::Ten => "password-rule-ten",
        WebPolicy::EightAlphanumeric => "password-rule-eight",
    }
}

pub(crate) async fn show(State(portal): State<Portal>, who: Signed) -> Answer {
    page(&PasswordPage::new(&portal, &who))
}

pub(crate) async fn submit(State(portal): State<Portal>, who: Signed, fields: Fields) -> Answer {
    fields.check(Some(&who.token))?;
    let (lang, now) = (who.visit.lang, who.visit.now);
    let mut form = PasswordPage::new(&portal, &who);
    let new = fields.value("new");
    if new != fields.value("again") {
        form.again_fault = text(lang, "password-differs").into_owned();
        return refused(&form);
    }
    let change = PasswordChange { current: fields.value("current"), new, now };
    let outcome = match portal.store.change_password(who.scope(), change).await {
        Ok(outcome) => outcome,
        Err(LoginError::Busy) => {
            form.frame.notice = Some(Notice::new(Tone::Bad, text(lang, "signin-busy")));
            return refused(&form);
        }
        Err(error) => return Err(error.into()),
    };
    let sentence = || password_sentence(lang, store::Portal::Admin, &outcome);
    match outcome {
        PasswordOutcome::Changed => {}
        PasswordOutcome::Refused => {
            form.current_fault = text(lang, "password-wrong").into_owned();
            return refused(&form);
        }
        PasswordOutcome::Policy(_) => {
            form.new_fault = sentence();
            return refused(&form);
        }
        PasswordOutcome::Locked { until } => {
            let notice = Notice::new(Tone::Bad, locked_sentence(lang, until));
            form.frame.notice = Some(notice);
            return refused(&form);
        }
    }
    // Every session of this id has ended with the old password, so this browser gets a new one.
    portal.memory.forget(&who.token);
    let session = Session { must_change: false, remind: false, ..who.session };
    let token = portal.store.open_session(&session, now).await?;
    portal.memory.prove(token.text(), now);
    let notice = Notice::new(Tone::Good, text(lang, "password-done"));
    portal.memory.put_notice(token.text(), notice);
    Ok(signed_in(token.text(), "/"))
}

fn refused(form: &PasswordPage) -> Answer {
    let mut response = page(form)?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}
