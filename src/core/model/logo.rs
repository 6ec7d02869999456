//! Logos: the picture that a product is known by.

use super::Product;
use crate::core::Result;
use crate::core::access::Caller;
use crate::core::clock::Timestamp;
use crate::core::db::Tx;
use crate::core::field::MimeType;
use crate::core::files::{FileKind, Sha256, Stored};
use crate::core::id::Id;
use crate::core::resource::{Input, Parent, Resource, Table};
use crate::resource;

resource! {
    /// The picture that a product is known by. A new one takes the place of the one before.
    pub struct Logo {
        /// The product.
        [fixed] product_id: Id<Product>,
        /// The SHA-256 of the picture.
        [server] image_sha256: Option<Sha256>,
        /// The media type of the picture.
        [server] image_media_type: Option<MimeType>,
        /// When the picture was last replaced.
        [server] image_updated_at: Option<Timestamp>,
    }
}

impl Resource for Logo {
    const TABLE: Table = Table {
        name: "logo",
        plural: "logos",
        path: "/products/{product_id}/logos",
        parent: Some(Parent { table: &Product::TABLE, column: "product_id" }),
        ..Table::PLAIN
    };
    const FILES: &'static [(&'static str, FileKind)] = &[("image", FileKind::Image), ("logo", FileKind::Image)];

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

    /// A product has one logo.
    async fn guard(tx: &Tx, _: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<()> {
        let (None, Some(new)) = (old, new) else { return Ok(()) };
        // Two who send one at once take turns.
        tx.lock_row("products", new.product_id.uuid()).await?;
        tx.execute(crate::sql!("delete from logos where product_id = $1", new.product_id)).await.map(drop)
    }
}

impl Logo {
    /// The picture. How many bytes it has is with the file.
    pub fn picture(&self) -> Option<Stored> {
        let (sha256, media_type) = (self.image_sha256.clone()?, self.image_media_type.clone());
        Some(Stored { sha256, size: 0, media_type, name: None })
    }
}
