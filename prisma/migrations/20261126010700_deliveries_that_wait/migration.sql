-- What is still to be worked on, whatever was worked off before.
CREATE INDEX channel_delivery_open ON channel_delivery (id) WHERE state IN ('accepted', 'working', 'replying');
CREATE INDEX channel_delivery_open_conversation ON channel_delivery (channel, conversation_id, id)
  WHERE state IN ('accepted', 'working', 'replying');
