//! Addresses of our own pages, so that filters, page and order stand in the URL.

/// A path with its query; values are encoded when they are added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    text: String,
    started: bool,
}

impl Link {
    pub(crate) fn new(path: &str) -> Self {
        Link { text: path.to_owned(), started: false }
    }

    /// With `name=value`; an empty value is left out.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.text.push(if self.started { '&' } else { '?' });
            self.started = true;
            self.text.push_str(name);
            self.text.push('=');
            encode(value, &mut self.text);
        }
        self
    }

    pub(crate) fn text(self) -> String {
        self.text
    }
}

fn encode(value: &str, out: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// `back` when it is a page of ours; else the home page, so that no form sends people elsewhere.
pub(crate) fn local(back: &str) -> &str {
    let ours = back.starts_with('/')
        && !back.starts_with("//")
        && back.len() <= 2_048
        && back.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if ours { back } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_add_parameters() {
        let link = Link::new("/users").with("q", "a&b=c 田").with("rows", "").with("page", "2");
        assert_eq!(link.text(), "/users?q=a%26b%3Dc%20%E7%94%B0&page=2");
    }

    #[test]
    fn nobody_is_sent_to_another_host() {
        assert_eq!(local("/users?q=1"), "/users?q=1");
        for foreign in ["//evil.example/", "https://evil.example/", "/\\evil", "", "/a\r\nb"] {
            assert_eq!(local(foreign), "/", "{foreign:?}");
        }
    }
}
