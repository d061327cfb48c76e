//! F1: registers profiles with user, terminal, web login and mobile number in one step (R041).

use std::borrow::Cow;
use std::collections::BTreeMap;

use base::id::{DeviceId, UserId, Uuid};
use base::{Dn, MobileNumber, Rng, Secret};
use model::{
    Change, CredentialOwner, Device, DeviceKind, Ha1, MobileLine, NewPassword, SrtpPolicy, User,
    UserState,
};

use super::export::COLUMNS;
use crate::cells::{self, Given, WebPassword};
use crate::plan::{Draft, IssuedSecret, Mode};
use crate::reason::Reason;
use crate::table::{Row, Table};

/// Columns by letter.
const A: u8 = 0;
const B: u8 = 1;
const C: u8 = 2;
const D: u8 = 3;
const E: u8 = 4;
const F: u8 = 5;
const G: u8 = 6;
const H: u8 = 7;
const I: u8 = 8;
const J: u8 = 9;

/// Fewest characters of a secret that isn't noted as weak (R025).
const SECRET_MIN: usize = 8;

/// Characters of generated secrets: letters and digits that look like no other, SEC-09.
const ALPHABET: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz";

/// Length of a generated SIP secret: 116 bits.
const GENERATED_LEN: usize = 20;

/// One row after its cells were read; what breaks a rule is reported already.
struct Profile<'t> {
    row: Row<'t>,
    dn: Option<Dn>,
    mobile: Given<MobileNumber>,
    sip_id: Given<Cow<'t, str>>,
    sip_secret: Given<Secret<String>>,
    web_user: Given<Cow<'t, str>>,
    web_password: Given<WebPassword>,
}

/// The profile of a row as it stands in the data.
#[derive(Clone, Copy)]
struct Present<'a> {
    user: &'a User,
    device: Option<&'a Device>,
    mobile: Option<&'a MobileLine>,
}

/// Plans every row of `table`.
pub(crate) fn plan(table: &Table, draft: &mut Draft<'_>, rng: &mut Rng) {
    let rows = super::data_rows(table, draft, &[9, 10], "9, 10");
    let profiles: Vec<Profile<'_>> = rows.into_iter().map(|row| read(draft, row)).collect();
    let taken = Claims::of(&profiles, draft);
    let quota = Quota::of(draft);
    let mut seen = Seen::default();
    let mut fresh = Vec::new();
    for profile in &profiles {
        let present = profile.dn.and_then(|dn| present(draft, dn));
        seen.check(draft, profile, present);
        check_required(draft, profile, present);
        check_against_data(draft, profile, present, &taken);
        match (profile.dn, present) {
            (Some(dn), None) => {
                quota.check(draft, profile.row, fresh.len());
                fresh.push((dn, profile.row.line()));
                register(draft, profile, dn, rng);
            }
            (Some(_), Some(present)) if draft.context.mode == Mode::Update => {
                update(draft, profile, present, rng);
            }
            (Some(_), Some(_)) | (None, _) => {}
        }
    }
    super::export::note_prefixes(draft, &fresh);
}

fn read<'t>(draft: &mut Draft<'_>, row: Row<'t>) -> Profile<'t> {
    let dn = cells::dn(draft, row, A).required(draft, row, (A, COLUMNS[0]));
    let mobile = cells::mobile(draft, row, B);
    cells::reserved_zeros(draft, row, C);
    let sip_id = cells::sip_id(draft, row, D);
    let sip_secret = cells::sip_secret(draft, row, E);
    cells::reserved_zero(draft, row, (F, COLUMNS[5]));
    cells::reserved_zero(draft, row, (G, COLUMNS[6]));
    let web_user = cells::web_user(draft, row, H);
    let user = web_user.value().map(Cow::as_ref);
    let web_password = cells::web_password(draft, row, I, user);
    cells::reserved_zero(draft, row, (J, COLUMNS[9]));
    note_weak_secret(draft, row, dn, &sip_secret);
    Profile { row, dn, mobile, sip_id, sip_secret, web_user, web_password }
}

/// N05: a given secret that is easy to guess is taken, but noted (R025).
fn note_weak_secret(
    draft: &mut Draft<'_>,
    row: Row<'_>,
    dn: Option<Dn>,
    secret: &Given<Secret<String>>,
) {
    let Given::Value(secret) = secret else { return };
    let reason = if dn.is_some_and(|dn| dn.text() == *secret.expose()) {
        Reason::SecretIsDn
    } else if secret.expose().len() < SECRET_MIN {
        Reason::SecretShort { len: secret.expose().len() as u32 }
    } else {
        return;
    };
    draft.findings.push(
        crate::repair::Place { line: row.line(), column: crate::Column(E) }
            .finding(crate::repair::HIDDEN, reason),
    );
}

fn present<'a>(draft: &Draft<'a>, dn: Dn) -> Option<Present<'a>> {
    let snapshot = draft.context.snapshot;
    let user = snapshot.user_by_dn(draft.context.tenant.id, dn)?;
    let devices = snapshot.devices_of(user.id).iter().filter_map(|id| snapshot.device(*id));
    let device = devices.clone().find(|d| d.kind == DeviceKind::Mobile);
    let device = device.or_else(|| devices.clone().next());
    Some(Present { user, device, mobile: draft.mobile_of.get(&dn).copied() })
}

/// 211 for what a new profile must have; an update of a profile that lacks it may leave it out.
fn check_required(draft: &mut Draft<'_>, profile: &Profile<'_>, present: Option<Present<'_>>) {
    let update = present.filter(|_| draft.context.mode == Mode::Update);
    let row = profile.row;
    let mut missing = |column: u8| {
        let name = COLUMNS.get(usize::from(column)).copied().unwrap_or_default();
        draft.cell(row, column, Reason::Missing { name });
    };
    if profile.mobile == Given::Absent && update.is_none_or(|p| p.mobile.is_some()) {
        missing(B);
    }
    if profile.web_user == Given::Absent && update.is_none_or(|p| !p.user.web_user.is_empty()) {
        missing(H);
    }
    if profile.web_password == Given::Absent && update.is_none() {
        missing(I);
    }
}

/// Names and numbers that an update takes away from a present profile, so that rows of one file
/// may swap them.
#[derive(Default)]
struct Claims {
    mobiles: BTreeMap<MobileNumber, Dn>,
    sip_ids: BTreeMap<String, Dn>,
    web_users: BTreeMap<String, Dn>,
}

impl Claims {
    /// What the rows of `profiles` free.
    fn of(profiles: &[Profile<'_>], draft: &Draft<'_>) -> Self {
        let mut freed = Claims::default();
        if draft.context.mode == Mode::Register {
            return freed;
        }
        for profile in profiles {
            let Some(dn) = profile.dn else { continue };
            let Some(present) = present(draft, dn) else { continue };
            if let (Some(new), Some(old)) = (profile.mobile.value(), present.mobile)
                && *new != old.number
            {
                freed.mobiles.insert(old.number, dn);
            }
            if let (Some(new), Some(old)) = (profile.sip_id.value(), present.device)
                && !new.eq_ignore_ascii_case(&old.sip_id)
            {
                freed.sip_ids.insert(old.sip_id.to_ascii_lowercase(), dn);
            }
            if let Some(new) = profile.web_user.value()
                && !new.eq_ignore_ascii_case(&present.user.web_user)
            {
                freed.web_users.insert(present.user.web_user.to_ascii_lowercase(), dn);
            }
        }
        freed
    }
}

/// Values of the rows above, with their lines.
#[derive(Default)]
struct Seen {
    dns: BTreeMap<Dn, u32>,
    mobiles: BTreeMap<MobileNumber, u32>,
    sip_ids: BTreeMap<String, u32>,
    web_users: BTreeMap<String, u32>,
}

impl Seen {
    /// Compares a row with the rows above it (232–235).
    fn check(
        &mut self,
        draft: &mut Draft<'_>,
        profile: &Profile<'_>,
        present: Option<Present<'_>>,
    ) {
        let (row, line) = (profile.row, profile.row.line());
        if let Some(dn) = profile.dn {
            let other = *self.dns.entry(dn).or_insert(line);
            if other != line {
                draft.cell(row, A, Reason::DnTwice { other });
            }
        }
        if let Some(mobile) = profile.mobile.value() {
            let other = *self.mobiles.entry(*mobile).or_insert(line);
            if other != line {
                draft.cell(row, B, Reason::MobileTwice { other });
            }
        }
        if let Some(id) = effective_sip_id(profile, present) {
            let other = *self.sip_ids.entry(id.to_ascii_lowercase()).or_insert(line);
            if other != line {
                draft.cell(row, D, Reason::SipIdTwice { other });
            }
        }
        if let Some(name) = profile.web_user.value() {
            let other = *self.web_users.entry(name.to_ascii_lowercase()).or_insert(line);
            if other != line {
                draft.cell(row, H, Reason::WebUserTwice { other });
            }
        }
    }
}

/// The SIP ID that a row leads to: given, else the present one, else the extension number.
fn effective_sip_id<'r>(
    profile: &'r Profile<'_>,
    present: Option<Present<'r>>,
) -> Option<Cow<'r, str>> {
    match (&profile.sip_id, present) {
        (Given::Value(id), _) => Some(Cow::Borrowed(id.as_ref())),
        (Given::Bad, _) => None,
        (Given::Absent, Some(present)) => present.device.map(|d| Cow::Borrowed(d.sip_id.as_ref())),
        (Given::Absent, None) => profile.dn.map(|dn| Cow::Owned(dn.text())),
    }
}

/// Compares a row with the data (231–235).
fn check_against_data(
    draft: &mut Draft<'_>,
    profile: &Profile<'_>,
    present: Option<Present<'_>>,
    freed: &Claims,
) {
    let row = profile.row;
    let own = present.map(|p| p.user.id);
    if let Some(present) = present
        && draft.context.mode == Mode::Register
    {
        draft.cell(row, A, Reason::DnRegistered { user: present.user.name.clone() });
    }
    if let Some(number) = profile.mobile.value() {
        check_mobile(draft, profile, *number, freed);
    }
    let (snapshot, tenant) = (draft.context.snapshot, draft.context.tenant.id);
    if let Some(id) = effective_sip_id(profile, present)
        && let Some(device) = snapshot.device_by_sip_id(tenant, &id)
        && (own.is_none() || device.user != own)
        && !freed.sip_ids.contains_key(&id.to_ascii_lowercase())
    {
        let owner = device.user.and_then(|id| snapshot.user(id));
        let dn = owner.map(|u| u.dn.text()).unwrap_or_default();
        draft.cell(row, D, Reason::SipIdTaken { dn: dn.into() });
    }
    if let Some(name) = profile.web_user.value()
        && let Some(user) = snapshot.user_by_web_user(tenant, name)
        && own != Some(user.id)
        && !freed.web_users.contains_key(&name.to_ascii_lowercase())
    {
        draft.cell(row, H, Reason::WebUserTaken { dn: user.dn.text().into() });
    }
}

fn check_mobile(
    draft: &mut Draft<'_>,
    profile: &Profile<'_>,
    number: MobileNumber,
    freed: &Claims,
) {
    let reason = match draft.usable_line(number) {
        Err(reason) => reason,
        Ok(line) => match line.dn {
            None => return,
            Some(owner) if profile.dn == Some(owner) => return,
            Some(_) if freed.mobiles.contains_key(&number) => return,
            Some(owner) => Reason::MobileTaken { dn: owner.text().into() },
        },
    };
    draft.cell(profile.row, B, reason);
}

/// R030: how many extensions may still be registered.
struct Quota {
    limit: Option<(u64, u64)>,
}

impl Quota {
    fn of(draft: &Draft<'_>) -> Self {
        let used = draft.context.snapshot.dn_count(draft.context.tenant.id) as u64;
        let quota = draft.context.tenant.quota.map(u64::from);
        Quota { limit: quota.map(|quota| (quota, quota.saturating_sub(used))) }
    }

    /// Refuses the new row when `before` new rows above it took what was left (236).
    fn check(&self, draft: &mut Draft<'_>, row: Row<'_>, before: usize) {
        if let Some((quota, remaining)) = self.limit
            && before as u64 >= remaining
        {
            draft.cell(row, A, Reason::Quota { remaining, quota });
        }
    }
}

fn register(draft: &mut Draft<'_>, profile: &Profile<'_>, dn: Dn, rng: &mut Rng) {
    let context = draft.context;
    let user = User {
        id: UserId(Uuid::mint(context.now, rng)),
        tenant: context.tenant.id,
        site: context.site,
        name: dn.text().into(),
        furigana: Box::default(),
        dn,
        web_user: profile.web_user.value().map(|w| w.as_ref().into()).unwrap_or_default(),
        state: UserState::Active,
        ring_time_s: base::limits::RING_TIME.as_seconds() as u16,
        pickup_departments: Box::default(),
        former_devices: Box::default(),
        created_at: context.now,
        updated_at: context.now,
    };
    let sip_id = effective_sip_id(profile, None).unwrap_or_default().into_owned();
    let device = new_device(draft, profile, &user, &sip_id, rng);
    let (line, id) = (profile.row.line(), user.id);
    draft.change(line, Change::UserPut(user));
    draft.change(line, Change::DevicePut(device));
    set_password(draft, profile, id);
    assign(draft, profile, dn, None);
    draft.plan.counts.added += 1;
}

fn new_device(
    draft: &mut Draft<'_>,
    profile: &Profile<'_>,
    user: &User,
    sip_id: &str,
    rng: &mut Rng,
) -> Device {
    let ha1 = hashed_secret(draft, profile, user.dn, sip_id, rng);
    Device {
        id: DeviceId(Uuid::mint(draft.context.now, rng)),
        tenant: user.tenant,
        site: user.site,
        kind: DeviceKind::Mobile,
        sip_id: sip_id.into(),
        ha1_md5: ha1.md5,
        ha1_sha256: ha1.sha256,
        user: Some(user.id),
        label: Box::default(),
        srtp: SrtpPolicy::Auto,
        do_not_disturb: false,
        accepts_tones: false,
        multicast_groups: 0,
        next: None,
        login: None,
    }
}

/// The given secret, else the extension number (compatibility switch), else a generated one.
fn hashed_secret(
    draft: &mut Draft<'_>,
    profile: &Profile<'_>,
    dn: Dn,
    sip_id: &str,
    rng: &mut Rng,
) -> Ha1 {
    let tenant = draft.context.tenant;
    if let Some(secret) = profile.sip_secret.value() {
        return Ha1::of(sip_id, &tenant.realm, secret.expose());
    }
    if tenant.sip_secret_compat {
        return Ha1::of(sip_id, &tenant.realm, &dn.text());
    }
    let secret = generate_secret(rng);
    let ha1 = Ha1::of(sip_id, &tenant.realm, secret.expose());
    draft.plan.secrets.push(IssuedSecret { dn, sip_id: sip_id.into(), secret });
    ha1
}

/// A SIP secret of 20 letters and digits.
pub fn generate_secret(rng: &mut Rng) -> Secret<String> {
    let mut text = String::with_capacity(GENERATED_LEN);
    while text.len() < GENERATED_LEN {
        let at = rng.below(ALPHABET.len() as u64) as usize;
        text.push(char::from(ALPHABET.get(at).copied().unwrap_or(b'x')));
    }
    Secret::new(text)
}

fn set_password(draft: &mut Draft<'_>, profile: &Profile<'_>, user: UserId) {
    let Some(password) = profile.web_password.value() else { return };
    draft.change(
        profile.row.line(),
        Change::Password(NewPassword {
            owner: CredentialOwner::User(user),
            text: password.text.clone(),
            must_change: password.must_change,
            bulk: true,
        }),
    );
}

/// Binds the row's mobile line to `dn` and frees `old`; true when that changes anything.
fn assign(draft: &mut Draft<'_>, profile: &Profile<'_>, dn: Dn, old: Option<&MobileLine>) -> bool {
    let Some(number) = profile.mobile.value() else { return false };
    if old.is_some_and(|old| old.number == *number) {
        return false;
    }
    let line = profile.row.line();
    if let Some(old) = old {
        draft.free(line, old);
    }
    draft.bind(line, *number, dn);
    true
}

/// Updates a profile; an empty secret, name or number of the row keeps the present one.
fn update(draft: &mut Draft<'_>, profile: &Profile<'_>, present: Present<'_>, rng: &mut Rng) {
    let line = profile.row.line();
    let mut changed = false;
    let mut user = present.user.clone();
    if let Some(name) = profile.web_user.value() {
        user.web_user = name.as_ref().into();
    }
    if user != *present.user {
        user.updated_at = draft.context.now;
        draft.change(line, Change::UserPut(user.clone()));
        changed = true;
    }
    let device = match present.device {
        Some(device) => Some(updated_device(draft, profile, &user, device, rng)),
        None => profile.sip_id.value().map(|id| new_device(draft, profile, &user, id, rng)),
    };
    if let Some(device) = device.filter(|d| Some(d) != present.device) {
        draft.change(line, Change::DevicePut(device));
        changed = true;
    }
    if profile.web_password.value().is_some() {
        set_password(draft, profile, user.id);
        changed = true;
    }
    changed |= assign(draft, profile, user.dn, present.mobile);
    let counts = &mut draft.plan.counts;
    *(if changed { &mut counts.changed } else { &mut counts.unchanged }) += 1;
}

/// The stored hashes hold the SIP ID, so a new ID without a secret needs a new secret.
fn updated_device(
    draft: &mut Draft<'_>,
    profile: &Profile<'_>,
    user: &User,
    present: &Device,
    rng: &mut Rng,
) -> Device {
    let sip_id = profile.sip_id.value().map_or(present.sip_id.as_ref(), Cow::as_ref);
    if sip_id == present.sip_id.as_ref() && profile.sip_secret.value().is_none() {
        return present.clone();
    }
    let ha1 = hashed_secret(draft, profile, user.dn, sip_id, rng);
    Device { sip_id: sip_id.into(), ..present.with_secret(ha1) }
}
