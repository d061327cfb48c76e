//! The SIP account of a gateway: made with a secret that is told once, or given a new one
//! (SEC-09).

use std::sync::Arc;

use base::id::{DeviceId, TenantId};
use base::{Rng, Secret, Uuid};
use model::{Change, Device, DeviceKind, Gateway, Ha1, Snapshot, SrtpPolicy};

use crate::service::noun::{Key, Noun};
use crate::service::write::{Act, Plan, Refusal, change, contracted};

/// What a gateway registers with.
#[derive(Debug, Clone)]
pub struct Account {
    /// SIP id.
    pub sip_id: String,
    /// SIP domain, of the gateway's site.
    pub domain: String,
    /// The secret; it is not told again.
    pub secret: Secret<String>,
}

/// Gives a gateway its account, or a new secret for the one that it has. The id and the secret
/// come from `rng`, which must not be guessable.
pub async fn issue(
    act: Act<'_>,
    key: Key<'_>,
    rng: &Rng,
) -> Result<(Arc<Snapshot>, Account), Refusal> {
    let tenant = act.scope.tenant();
    let mut drawn = rng.derive("account");
    let id = DeviceId(Uuid::mint(act.now, &mut drawn));
    let secret = bulk::generate_secret(&mut drawn);
    let work = |snapshot: &Snapshot| {
        contracted::<Gateway>(snapshot, act.scope)?;
        let gateway = Gateway::find(snapshot, tenant, key).ok_or(Refusal::NotFound)?;
        let realm = snapshot.tenant(tenant).map(|t| t.realm.clone()).unwrap_or_default();
        let old = gateway.account.and_then(|id| snapshot.device(id));
        let sip_id: Box<str> = match old {
            Some(old) => old.sip_id.clone(),
            None => free_id(snapshot, &gateway),
        };
        let ha1 = Ha1::of(&sip_id, &realm, secret.expose());
        let new = old.cloned().unwrap_or_else(|| blank(&gateway, id, &sip_id));
        let device = new.with_secret(ha1);
        let domain = snapshot.site(gateway.site).map(|s| s.domain.to_string());
        let account = Account {
            sip_id: sip_id.into(),
            domain: domain.unwrap_or_default(),
            secret: secret.clone(),
        };
        let linked = Gateway { account: Some(device.id), ..gateway.as_ref().clone() };
        let mut changes = vec![Change::DevicePut(device)];
        if old.is_none() {
            changes.push(Change::GatewayPut(linked));
        }
        Ok((Plan { changes, problems: Vec::new(), detail: gateway.key() }, account))
    };
    change(act, "gateway-account", Gateway::field, work).await
}

/// The account of a gateway that had none.
fn blank(gateway: &Gateway, id: DeviceId, sip_id: &str) -> Device {
    Device {
        id,
        tenant: gateway.tenant,
        site: gateway.site,
        kind: DeviceKind::SipPhone,
        sip_id: sip_id.into(),
        ha1_md5: [0; 16],
        ha1_sha256: [0; 32],
        user: None,
        label: gateway.name.clone(),
        srtp: SrtpPolicy::Auto,
        do_not_disturb: false,
        accepts_tones: false,
        multicast_groups: 0,
        next: None,
        login: None,
    }
}

/// `gw` with the prefix, and a number behind it when somebody has that.
fn free_id(snapshot: &Snapshot, gateway: &Gateway) -> Box<str> {
    let taken = |tenant: TenantId, id: &str| snapshot.device_by_sip_id(tenant, id).is_some();
    let first = format!("gw{}", gateway.prefix);
    let more = (2..=u32::MAX).map(|n| format!("gw{}x{n}", gateway.prefix));
    let mut ids = std::iter::once(first.clone()).chain(more);
    ids.find(|id| !taken(gateway.tenant, id)).unwrap_or(first).into()
}
