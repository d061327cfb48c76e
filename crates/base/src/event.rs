//! Catalogue of events: what operators see in logs, metrics and alarms.

/// How loud an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Counted only.
    Count,
    /// Worth a log line.
    Info,
    /// Something was refused or lost that should not be.
    Warning,
    /// Someone must act.
    Alarm,
}

macro_rules! events {
    ($($(#[doc = $doc:literal])+ $name:ident, $id:literal, $level:ident, $ja:literal, $en:literal;)+) => {
        /// What happened, without the particulars.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Kind {
            /// Every kind, in the order of the catalogue.
            pub const ALL: &'static [Kind] = &[$(Kind::$name,)+];

            /// Stable id: the `id` field of log lines and the label of the metric.
            pub const fn id(self) -> &'static str {
                match self { $(Kind::$name => $id,)+ }
            }

            /// How loud the event is.
            pub const fn level(self) -> Level {
                match self { $(Kind::$name => Level::$level,)+ }
            }

            /// Text in Japanese and in English.
            pub const fn texts(self) -> (&'static str, &'static str) {
                match self { $(Kind::$name => ($ja, $en),)+ }
            }
        }
    };
}

events! {
    /// A datagram or response that could not be read or belonged to nothing.
    MessageDropped, "sip.message_dropped", Count, "読めないSIPメッセージを破棄しました", "Dropped an unreadable SIP message";
    /// A request that was refused as malformed.
    MessageRefused, "sip.message_refused", Count, "形式の誤ったSIP要求を拒否しました", "Refused a malformed SIP request";
    /// A datagram of an unknown source that sends too many.
    Flooded, "sip.flooded", Count, "送りすぎている不明な送信元のデータを破棄しました", "Dropped a datagram of an unknown source that sends too many";
    /// A connection that was closed because too many have not proved who they are.
    ConnectionShed, "sip.connection_shed", Count, "認証されていない接続が多すぎるため閉じました", "Closed a connection: too many have not authenticated";
    /// A credential that was wrong.
    DigestFailed, "sip.digest_failed", Count, "SIP認証に失敗しました", "SIP authentication failed";
    /// A request refused by overload control.
    Shed, "sip.shed", Count, "過負荷のため要求を断りました", "Refused a request because of overload";
    /// A phone registered.
    Registered, "sip.registered", Count, "端末が登録しました", "A phone registered";
    /// A binding ended: removed by its phone, or expired.
    Unregistered, "sip.unregistered", Count, "端末の登録が終わりました", "A registration ended";
    /// A call was offered.
    CallBegan, "call.began", Count, "呼が始まりました", "A call began";
    /// A call was answered.
    CallAnswered, "call.answered", Count, "呼が応答されました", "A call was answered";
    /// A call ended.
    CallEnded, "call.ended", Count, "呼が終わりました", "A call ended";
    /// A transfer by a phone was carried out.
    Transferred, "call.transferred", Count, "転送しました", "A call was transferred";
    /// A digit by signalling that had nowhere to go.
    DigitIgnored, "call.digit_ignored", Count, "中継できない数字信号を破棄しました", "Dropped a digit that could not be passed on";
    /// The media plane refused a leg.
    MediaRefused, "media.refused", Warning, "メディアの資源が足りません", "The media plane is out of resources";
    /// The media plane takes no new legs until some have ended.
    MediaFull, "media.full", Warning, "メディアの上限に達したため、新しい中継を受け付けません", "The media plane takes no new legs until some have ended";
    /// The store refused a write.
    StoreRefused, "store.refused", Alarm, "データベースに書き込めません", "The database refused a write";
    /// An answer came for something that no longer exists.
    LateAnswer, "node.late_answer", Count, "終わった処理への応答が届きました", "An answer came too late";
    /// A datagram came again that a node has failed at.
    PoisonDropped, "node.poison_dropped", Warning, "異常の原因になったデータの再送を破棄しました", "Dropped the repetition of a datagram that caused a failure";
    /// The node was rebuilt after a failure inside.
    NodeRebuilt, "node.rebuilt", Alarm, "内部の異常から復旧しました", "The node was rebuilt after an internal failure";
}

/// One event, counted by its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: Kind,
    /// How often, at least 1.
    pub count: u32,
}

impl From<Kind> for Event {
    fn from(kind: Kind) -> Self {
        Event { kind, count: 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_texts_differ() {
        let mut ids: Vec<_> = Kind::ALL.iter().map(|k| k.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            let (ja, en) = kind.texts();
            assert!(!ja.is_empty() && !en.is_empty() && ja != en, "{}", kind.id());
        }
    }
}
