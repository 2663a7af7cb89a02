"""What does a decision cost, beside a call that does nothing and beside what one would pick instead?"""
