//! Addresses on the web: taken apart as far as redirects and secrets need it.

/// An address: where it is asked, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Scheme, host and port, in small letters, like `https://example.org`.
    pub origin: String,
    /// Path and query, beginning with `/`.
    pub path: String,
}

impl Address {
    /// The address that `text` is; none where it is no http or https.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let scheme = scheme.to_ascii_lowercase();
        // A name and a password before the host would go wherever the address goes.
        let plain = !host.is_empty() && !host.contains(['@', '\\']) && !host.contains(char::is_whitespace);
        if !plain || !matches!(scheme.as_str(), "http" | "https") {
            return None;
        }
        let path = path.split('#').next().unwrap_or_default();
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Some(Address { origin: format!("{scheme}://{}", host.to_ascii_lowercase()), path })
    }

    /// Where `location`, which an answer from here names, leads; none where it is nonsense, or leads from a safe connection to
    /// one that anybody can read and change.
    pub fn join(&self, location: &str) -> Option<Self> {
        if let Some(rest) = location.strip_prefix("//") {
            return Address::parse(&format!("{}://{rest}", self.origin.split_once("://")?.0));
        }
        if location.starts_with('/') {
            return Some(Address { origin: self.origin.clone(), path: location.to_owned() });
        }
        let there = Address::parse(location)?;
        let falls = self.origin.starts_with("https:") && there.origin.starts_with("http:");
        (!falls).then_some(there)
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

/// `text` as a part of a path: whatever has a meaning in addresses is written in hexadecimal digits (RFC 3986, 2.1).
pub(super) fn escaped(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_lead_where_browsers_go_and_never_out_of_a_safe_connection() {
        let hub = Address::parse("HTTPS://Hub.example:8443/a/b?c#d").unwrap();
        assert_eq!(hub.to_string(), "https://hub.example:8443/a/b?c");
        for (location, there) in [
            ("/x?y", Some("https://hub.example:8443/x?y")),
            ("https://cdn.example/z", Some("https://cdn.example/z")),
            ("//cdn.example", Some("https://cdn.example/")),
            ("http://hub.example:8443/x", None),
            ("file:///etc/passwd", None),
            ("https://user:word@cdn.example/", None),
            ("", None),
        ] {
            assert_eq!(hub.join(location).map(|a| a.to_string()).as_deref(), there, "{location}");
        }
        assert_eq!(escaped("a b/ü?.ckpt"), "a%20b/%C3%BC%3F.ckpt");
    }
}
