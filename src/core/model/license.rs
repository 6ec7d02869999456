//! Licences: sets of terms under which products are offered.

use crate::core::clock::Timestamp;
use crate::core::field::choice::choice;
use crate::core::field::{Count, HttpUrl, Line, Name, Prose};
use crate::core::resource::{Input, Resource, Table};
use crate::resource;

choice! {
    /// When the rights under a licence end.
    Expiry {
        /// Never.
        Indefinite = "indefinite" or "0",
        /// So many days after they were acquired.
        RelativeDate = "relative_date" or "1",
        /// At an instant.
        AbsoluteDate = "absolute_date" or "2",
    }
}

resource! {
    /// A set of terms under which products are offered.
    pub struct License {
        /// Its name, unique.
        name: Name,
        /// Where its text is, unique.
        url: HttpUrl,
        /// What it allows, in short.
        description: Option<Prose>,
        /// When rights under it end.
        expiry: Expiry = Expiry::Indefinite,
        /// With relative_date: how many days rights last.
        days_valid: Option<Count>,
        /// With absolute_date: when rights end.
        expires_at: Option<Timestamp>,
        /// How many authorizations a right allows; 0 is without limit.
        uses: Count = Count(0),
        /// How many claims a right allows; 0 is without limit.
        seats: Count = Count(0),
        /// For how many days past their end rights are still granted.
        grace_days: Count = Count(0),
        /// Its id in another system.
        external_id: Option<Line>,
        /// The terms themselves.
        terms: Option<Prose>,
    }
}

impl Resource for License {
    const TABLE: Table = Table { name: "license", plural: "licenses", path: "/licenses", sort: "name", ..Table::PLAIN };
    const UNIQUE: &'static [&'static [&'static str]] = &[&["name"], &["url"]];
    const ENTITLEMENTS: Option<&'static str> =
        Some("product_license_id in (select id from product_licenses where license_id = $1)");

    fn validate(&self, input: &mut Input) {
        if self.expiry == Expiry::AbsoluteDate && self.expires_at.is_none() {
            input.fails("expires_at", "is required when expiry is absolute_date");
        }
        if self.expiry == Expiry::RelativeDate && self.days_valid.is_none() {
            input.fails("days_valid", "is required when expiry is relative_date");
        }
    }
}
