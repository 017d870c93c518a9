"""A carrier to practise with: Twilio's Messages API, its callbacks, and handsets in the browser."""
