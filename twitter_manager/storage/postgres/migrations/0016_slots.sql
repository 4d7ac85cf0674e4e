-- the times of the week for an account's posts that only say "next"; a JSON list such as ["mon 09:30"]
CREATE TABLE slot_week (
    account_id bigint PRIMARY KEY REFERENCES twitter_account (id) ON DELETE CASCADE,
    timezone text NOT NULL,
    slots text NOT NULL CHECK (is_json(slots)),
    updated_at timestamptz NOT NULL
);
