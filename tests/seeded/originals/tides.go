package main

import (
	"errors"
	"fmt"
)

// Tide is one turn of the water.
type Tide struct {
	Station string  `json:"station"`
	Minutes int     `json:"minutes"`
	Height  float64 `json:"height"`
}

var errNone = errors.New("no tide is left")

func next(tides []Tide, minutes int) (Tide, error) {
	for _, tide := range tides {
		if tide.Minutes >= minutes {
			return tide, nil
		}
	}
	return Tide{}, errNone
}

func clock(minutes int) string {
	return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60)
}

func main() {
	tides := []Tide{{"Husum", 385, 3.1}, {"Husum", 1130, 0.4}}
	tide, err := next(tides, 400)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s at %s: %.1f m\n", tide.Station, clock(tide.Minutes), tide.Height)
}
