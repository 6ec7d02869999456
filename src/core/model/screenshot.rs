//! Screenshots: pictures of a product.

use super::Product;
use crate::core::access::Caller;
use crate::core::clock::Timestamp;
use crate::core::field::{MimeType, Name};
use crate::core::files::{FileKind, Sha256, Stored};
use crate::core::id::Id;
use crate::core::resource::{Input, Parent, Resource, Table};
use crate::resource;

resource! {
    /// A picture of a product.
    pub struct Screenshot {
        /// The product.
        [fixed] product_id: Id<Product>,
        /// What it shows, unique for the product.
        caption: Name,
        /// The SHA-256 of the picture.
        [server] image_sha256: Option<Sha256>,
        /// The media type of the picture.
        [server] image_media_type: Option<MimeType>,
        /// When the picture was last replaced.
        [server] image_updated_at: Option<Timestamp>,
    }
}

impl Resource for Screenshot {
    const TABLE: Table = Table {
        name: "screenshot",
        plural: "screenshots",
        path: "/products/{product_id}/screenshots",
        parent: Some(Parent { table: &Product::TABLE, column: "product_id" }),
        ..Table::PLAIN
    };
    const UNIQUE: &'static [&'static [&'static str]] = &[&["product_id", "caption"]];
    const FILES: &'static [(&'static str, FileKind)] = &[("image", FileKind::Image)];

    fn attach(&mut self, caller: &Caller, _: &str, file: Stored) {
        self.image_sha256 = Some(file.sha256);
        self.image_media_type = file.media_type;
        self.image_updated_at = Some(caller.now);
    }

    fn validate(&self, input: &mut Input) {
        if self.image_sha256.is_none() {
            input.fails("image", "is required: send it as a file in multipart/form-data");
        }
    }
}

impl Screenshot {
    /// The picture. How many bytes it has is with the file.
    pub fn picture(&self) -> Option<Stored> {
        let (sha256, media_type) = (self.image_sha256.clone()?, self.image_media_type.clone());
        Some(Stored { sha256, size: 0, media_type, name: None })
    }
}
