package cognitotest

import (
	"fmt"
	"strings"
	"time"
)

// Group is a group as the service holds it. A nil pointer is a field that the service leaves out.
type Group struct {
	Name        string
	Description *string
	Precedence  *int
	RoleARN     *string
	CreatedAt   time.Time // UTC, whole milliseconds
	UpdatedAt   time.Time // UTC, whole milliseconds
}

// Membership is a user in a group.
type Membership struct {
	Group string
	User  User
}

// group is a group with its members: a share of every cohort, without those who left, and those who joined.
type group struct {
	Group
	gone   bool
	share  float64 // of the users of a cohort that are in the group
	seed   uint64
	left   map[string]bool // by sub
	joined []string        // subs in the order in which they came; empty: gone again
}

// members gives how many of a cohort's users the group began with, and the order in which they are listed.
func (g *group) members(c *cohort) (int, permutation) {
	return int(g.share * float64(c.len())), newPermutation(c.len(), mix(g.seed, c.seed))
}

var groupNames = []string{"admins", "editors", "viewers", "beta-testers", "support", "billing", "partners", "premium"}

// Group names have letters, marks, symbols, digits and punctuation, of any script, but no white space.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GroupType.html
var hostileGroupNames = []string{
	"a/b", "../up", "é", "e\u0301", "Ünïcødé", "日本語", "😀", `"quoted"`, `back\slash`, "=cmd()", "null", "a,b;c", "%2F", "مجموعة", "Admins", "ADMINS", "+1", "$€", "{}", "'--",
}

// newGroups makes the groups of a spec. The first has no members, the second a third of all users,
// the others share so many memberships that a user is in one or two groups.
func newGroups(spec Spec) []*group {
	groups := make([]*group, spec.Groups)
	for i := range groups {
		seed := mix(spec.Seed, uint64(i), 21)
		g := &group{seed: seed, share: 1.2 / float64(spec.Groups) * (0.5 + share(mix(seed, 1)))}
		switch i {
		case 0:
			g.share = 0
		case 1:
			g.share = 1.0 / 3
		}
		g.Name = fmt.Sprintf("%s-%d", groupNames[i%len(groupNames)], i)
		if spec.Hostile {
			g.Name = hostileGroupNames[i%len(hostileGroupNames)]
			if i >= len(hostileGroupNames) {
				g.Name += fmt.Sprint(i)
			}
		}
		if seed%4 != 0 {
			text := "Everyone in " + strings.ToUpper(g.Name)
			if spec.Hostile {
				text = hostileText[seed>>8%uint64(len(hostileText))]
			}
			g.Description = &text
		}
		if seed>>3%3 != 0 {
			precedence := int(seed >> 16 % 5) // zero is a precedence too, and the highest
			g.Precedence = &precedence
		}
		if seed>>5%2 == 0 {
			arn := fmt.Sprintf("arn:aws:iam::%s:role/group-%d", accountID, i)
			g.RoleARN = &arn
		}
		g.CreatedAt = firstEvolution.Add(-time.Duration(mix(seed, 2)%years+dayMillis) * time.Millisecond)
		g.UpdatedAt = g.CreatedAt.Add(time.Duration(mix(seed, 3)%dayMillis) * time.Millisecond)
		groups[i] = g
	}
	return groups
}
