//! The tables that are written row by row, as SeaORM entities. Private: the
//! schema is the interchange format, the entities are not.

pub(crate) mod shared_change {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "shared_changes")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) hlc: String,
        pub(crate) model_type: String,
        pub(crate) record_uuid: String,
        pub(crate) change_type: String,
        pub(crate) data: String,
        pub(crate) created_at: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod peer_ack {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "peer_acks")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) peer_device_id: String,
        pub(crate) last_acked_hlc: String,
        pub(crate) acked_at: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod peer {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sync_log_peers")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) peer_device_id: String,
        pub(crate) state: String,
        pub(crate) admission: u32,
        pub(crate) registered_by: String,
        pub(crate) registered_at: String,
        pub(crate) retired_at: Option<String>,
        pub(crate) retired_reason: Option<String>,
        pub(crate) hold: Option<String>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
