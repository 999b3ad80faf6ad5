"""The ground floor: types, errors and checks that every other floor stands on."""
